/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels. HAVE_* come from Kbuild, which looks into the
 * kernel's own headers: distributions move features between versions.
 */
#ifndef VFIO_PCI_TPH_COMPAT_H
#define VFIO_PCI_TPH_COMPAT_H

#include <linux/acpi.h>
#include <linux/pci_regs.h>
#include <linux/smp.h>
#include <linux/vfio_pci_core.h>
#ifdef CONFIG_PCIE_TPH
#include <linux/pci-tph.h>
#endif

#ifndef PCI_MSIX_ENTRY_CTRL_ST
#define PCI_MSIX_ENTRY_CTRL_ST	0xffff0000
#endif

/* Entries of struct vfio_device_ops that not every kernel has */
#ifdef HAVE_GET_REGION_INFO_CAPS
#define TPH_GET_REGION_INFO_CAPS .get_region_info_caps = vfio_pci_ioctl_get_region_info,
#else
#define TPH_GET_REGION_INFO_CAPS
#endif

#ifdef HAVE_MATCH_TOKEN_UUID
#define TPH_MATCH_TOKEN_UUID .match_token_uuid = vfio_pci_core_match_token_uuid,
#else
#define TPH_MATCH_TOKEN_UUID
#endif

#ifdef HAVE_PASID_ATTACH_IOAS
#define TPH_PASID_ATTACH_IOAS \
	.pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas, \
	.pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,
#else
#define TPH_PASID_ATTACH_IOAS
#endif

/* What vfio-pci sets in a device before it registers it */
static inline void tph_compat_set_up(struct vfio_pci_core_device *core, bool nointxmask,
				     bool disable_vga, bool disable_idle_d3)
{
#ifdef HAVE_GET_DMABUF_PHYS
	static const struct vfio_pci_device_ops pci_ops = {
		.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
	};

	core->pci_ops = &pci_ops;
#endif
#ifdef HAVE_VDEV_SETTINGS /* else those of the vfio-pci module count for all drivers */
	core->nointxmask = nointxmask;
	core->disable_vga = disable_vga;
	core->disable_idle_d3 = disable_idle_d3;
#endif
}

static inline int tph_compat_cpu_uid(unsigned int cpu, u32 *uid)
{
#if !defined(CONFIG_ACPI)
	return -ENODEV;
#elif defined(HAVE_ACPI_GET_CPU_UID)
	return acpi_get_cpu_uid(cpu, uid);
#elif defined(CONFIG_X86)
	*uid = cpu_acpi_id(cpu);
	return *uid == U32_MAX ? -EINVAL : 0;
#else
	*uid = get_acpi_id_for_cpu(cpu);
	return 0;
#endif
}

/*
 * The kernel's own TPH support. It remembers for each device whether TPH is on, and
 * saves and restores TPH around a reset if so. No device is driven by two, so nobody
 * but its driver changes that.
 */
#ifdef CONFIG_PCIE_TPH

/*
 * The kernel does not say whether pci=notph was given. But enabling what is enabled
 * already fails with -EBUSY, before the device is touched; with pci=notph it is -EINVAL.
 */
static inline bool tph_compat_switched_off(struct pci_dev *pdev)
{
	bool enabled = pdev->tph_enabled;
	int ret;

	if (!pdev->tph_cap)
		return false;
	pdev->tph_enabled = true;
	ret = pcie_enable_tph(pdev, PCI_TPH_ST_NS_MODE);
	pdev->tph_enabled = enabled;
	return ret == -EINVAL;
}

static inline int tph_compat_turn_on(struct pci_dev *pdev, u8 mode)
{
	return pcie_enable_tph(pdev, mode);
}

static inline void tph_compat_turn_off(struct pci_dev *pdev)
{
	pcie_disable_tph(pdev);
}

#else /* !CONFIG_PCIE_TPH: pci=notph leaves no trace */

static inline bool tph_compat_switched_off(struct pci_dev *pdev)
{
	return false;
}

static inline int tph_compat_turn_on(struct pci_dev *pdev, u8 mode)
{
	return 0;
}

static inline void tph_compat_turn_off(struct pci_dev *pdev)
{
}

#endif /* CONFIG_PCIE_TPH */

#endif /* VFIO_PCI_TPH_COMPAT_H */
