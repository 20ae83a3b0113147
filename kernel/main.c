// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO PCI driver with TLP Processing Hints (TPH) for user space
 *
 * All that vfio-pci does, through vfio-pci-core, and the VFIO_DEVICE_PCI_TPH
 * ioctl. This file registers the driver; life.c follows a device from open to
 * close, request.c carries the ioctl to the rules, host.c, msix.c and firmware.c answer
 * what the rules ask of the kernel. The rules themselves are in Rust, see core.h.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vfio_pci_core.h>
#include <linux/vfio_pci_tph.h>

#include "compat.h"
#include "vfio_pci_tph.h"

bool vfio_pci_tph_direct_tags;
module_param_named(enable_unsafe_tph_ds, vfio_pci_tph_direct_tags, bool, 0444);
MODULE_PARM_DESC(enable_unsafe_tph_ds,
		 "Allow device-specific mode on devices without a steering tag table. Their tags pass through the hands of user space, where nobody can check them.");

/* The parameters of vfio-pci, with its meanings and defaults */
static bool nointxmask;
module_param(nointxmask, bool, 0644);
MODULE_PARM_DESC(nointxmask, "Disable support for PCI 2.3 style INTx masking");

static bool disable_vga;
module_param(disable_vga, bool, 0444);
MODULE_PARM_DESC(disable_vga, "Disable VGA resource access");

static bool disable_idle_d3;
module_param(disable_idle_d3, bool, 0644);
MODULE_PARM_DESC(disable_idle_d3, "Do not put idle, unused devices into D3");

static bool enable_sriov;
module_param(enable_sriov, bool, 0644);
MODULE_PARM_DESC(enable_sriov, "Enable support for SR-IOV configuration");

static bool disable_denylist;
module_param(disable_denylist, bool, 0444);
MODULE_PARM_DESC(disable_denylist, "Bind also to devices with errata, see vfio-pci");

/* Errata make these a danger in the hands of untrusted users; vfio-pci refuses them too */
static const struct pci_device_id denylist[] = {
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_DSA_SPR0) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_IAX_SPR0) },
	{}
};

static int vfio_pci_tph_init_dev(struct vfio_device *vdev)
{
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_vdev(vdev);
	int ret;

	tdev->tph = kvzalloc(tph_core_size(), GFP_KERNEL);
	if (!tdev->tph)
		return -ENOMEM;
	tdev->host.tdev = tdev;
	tdev->host.pdev = to_pci_dev(vdev->dev);
	tdev->host.firmware = tph_firmware_get(tdev->host.pdev);
	if (tdev->host.firmware == ERR_PTR(-ENOMEM)) {
		ret = -ENOMEM;
		goto err_free;
	}

	tph_compat_set_up(&tdev->core, nointxmask, disable_vga, disable_idle_d3);
	ret = vfio_pci_core_init_dev(vdev);
	if (ret)
		goto err_put;

	tph_core_init(tdev->tph);
	vfio_pci_tph_init_recovery(tdev);
	lockdep_register_key(&tdev->tph_lock_key);
	mutex_init(&tdev->setting_irqs);
	mutex_init(&tdev->host.lock);
	lockdep_set_class(&tdev->host.lock, &tdev->tph_lock_key);
	return 0;

err_put:
	tph_firmware_put(tdev->host.firmware);
err_free:
	kvfree(tdev->tph);
	return ret;
}

static void vfio_pci_tph_release_dev(struct vfio_device *vdev)
{
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_vdev(vdev);

	mutex_destroy(&tdev->host.lock);
	lockdep_unregister_key(&tdev->tph_lock_key);
	vfio_pci_core_release_dev(vdev);
	tph_firmware_put(tdev->host.firmware);
	kvfree(tdev->tph);
}

static int vfio_pci_tph_open_device(struct vfio_device *vdev)
{
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_vdev(vdev);
	int ret;

	ret = vfio_pci_core_enable(&tdev->core);
	if (ret)
		return ret;

	vfio_pci_tph_dma_buf_open(tdev);
	ret = vfio_pci_tph_open(tdev);
	if (ret) {
		vfio_pci_core_disable(&tdev->core);
		return ret;
	}

	vfio_pci_core_finish_enable(&tdev->core);
	return 0;
}

static long vfio_pci_tph_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_vdev(vdev);

	if (cmd == VFIO_DEVICE_PCI_TPH)
		return vfio_pci_tph_request(tdev, (void __user *)arg);
	/* Tags of any other table do not care for vectors */
	if (cmd == VFIO_DEVICE_SET_IRQS && tdev->vectors_have_tags)
		return vfio_pci_tph_set_irqs(tdev, arg);

	return vfio_pci_core_ioctl(vdev, cmd, arg);
}

static const struct vfio_device_ops vfio_pci_tph_ops = {
	.name = "vfio-pci-tph",
	.init = vfio_pci_tph_init_dev,
	.release = vfio_pci_tph_release_dev,
	.open_device = vfio_pci_tph_open_device,
	.close_device = vfio_pci_tph_close_device,
	.ioctl = vfio_pci_tph_ioctl,
	TPH_GET_REGION_INFO_CAPS
	.device_feature = vfio_pci_tph_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	TPH_MATCH_TOKEN_UUID
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
	TPH_PASID_ATTACH_IOAS
};

static int vfio_pci_tph_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfio_pci_tph_device *tdev;
	int ret;

	if (!disable_denylist && pci_match_id(denylist, pdev)) {
		pci_warn(pdev, "refused for its errata\n");
		return -EINVAL;
	}

	tdev = vfio_alloc_device(vfio_pci_tph_device, core.vdev, &pdev->dev, &vfio_pci_tph_ops);
	if (IS_ERR(tdev))
		return PTR_ERR(tdev);

	/* Here the device is awake, and nobody else has it */
	ret = vfio_pci_tph_describe(tdev);
	if (ret)
		goto err_put;

	dev_set_drvdata(&pdev->dev, &tdev->core);
	ret = vfio_pci_core_register_device(&tdev->core);
	if (ret)
		goto err_put;
	return 0;

err_put:
	vfio_put_device(&tdev->core.vdev);
	return ret;
}

static void vfio_pci_tph_remove(struct pci_dev *pdev)
{
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_pdev(pdev);

	vfio_pci_core_unregister_device(&tdev->core);
	vfio_pci_tph_end_recovery(tdev);
	vfio_put_device(&tdev->core.vdev);
}

static int vfio_pci_tph_sriov_configure(struct pci_dev *pdev, int nr_virtfn)
{
	if (!enable_sriov)
		return -ENOENT;

	return vfio_pci_core_sriov_configure(&vfio_pci_tph_from_pdev(pdev)->core, nr_virtfn);
}

/*
 * No MODULE_DEVICE_TABLE: with the alias of vfio-pci, whoever asks for that would
 * get both modules.
 */
static const struct pci_device_id vfio_pci_tph_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{}
};

static struct pci_error_handlers vfio_pci_tph_err_handlers __ro_after_init;

static struct pci_driver vfio_pci_tph_driver = {
	.name = "vfio-pci-tph",
	.id_table = vfio_pci_tph_ids,
	.probe = vfio_pci_tph_probe,
	.remove = vfio_pci_tph_remove,
	.sriov_configure = vfio_pci_tph_sriov_configure,
	.err_handler = &vfio_pci_tph_err_handlers,
	.groups = vfio_pci_tph_driver_groups,
	.dev_groups = vfio_pci_tph_device_groups,
	.driver_managed_dma = true,
};

static int __init vfio_pci_tph_init(void)
{
	int ret;

	ret = tph_firmware_init();
	if (ret)
		return ret;
	ret = tph_dma_buf_init();
	if (ret)
		goto err_firmware;
	vfio_pci_tph_fill_err_handlers(&vfio_pci_tph_err_handlers);
	ret = pci_register_driver(&vfio_pci_tph_driver);
	if (ret)
		goto err_dma_buf;
	return 0;

err_dma_buf:
	tph_dma_buf_exit();
err_firmware:
	tph_firmware_exit();
	return ret;
}
module_init(vfio_pci_tph_init);

static void __exit vfio_pci_tph_exit(void)
{
	pci_unregister_driver(&vfio_pci_tph_driver);
	tph_dma_buf_exit();
	tph_firmware_exit();
}
module_exit(vfio_pci_tph_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VFIO PCI driver with TLP Processing Hints");
