// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tags in the MSI-X table: bits 31:16 of a vector's control dword.
 *
 * The PCI core keeps a copy of that dword for each vector that is allocated, and
 * writes it whenever it masks, unmasks, moves, restores or frees the vector. So a
 * tag goes into the copy first, under the lock of the interrupt's descriptor, as
 * all of these do; then it stays by itself. A tag must be gone from the copy before
 * the vector is: freeing writes it to the table, where the next vector of that
 * number would find it.
 *
 * igate keeps vectors from coming and going; vfio-pci-core holds it around that.
 */
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_tph.h>

#include "compat.h"
#include "vfio_pci_tph.h"

static int virq_of(struct vfio_pci_tph_device *tdev, u16 vector)
{
	lockdep_assert_held(&tdev->core.igate);
	lockdep_assert_held(&tdev->host.lock);
	/* Without MSI-X, number 0 would be the INTx line */
	if (!tdev->core.pdev->msix_enabled || tdev->vectors_going)
		return -ENXIO;
	return pci_irq_vector(tdev->core.pdev, vector);
}

bool tph_host_msix_vector_allocated(struct tph_host *host, u16 vector)
{
	return virq_of(host->tdev, vector) > 0;
}

/* Whether the user lets BARs answer */
static bool memory_on(struct vfio_pci_core_device *core)
{
	return !vfio_pci_tph_asleep(core->pdev) &&
	       (core->pdev->no_command_memory || core->vconfig[PCI_COMMAND] & PCI_COMMAND_MEMORY);
}

int tph_host_write_msix_tag(struct tph_host *host, u16 vector, u16 tag)
{
	struct vfio_pci_tph_device *tdev = host->tdev;
	int virq = virq_of(tdev, vector);
	struct irq_data *data = virq > 0 ? irq_get_irq_data(virq) : NULL;
	void __iomem *control;
	struct msi_desc *msi;
	unsigned long flags;
	int ret = -EIO;

	if (!data)
		return -ENXIO;

	raw_spin_lock_irqsave(&irq_data_to_desc(data)->lock, flags);
	msi = irq_data_get_msi_desc(data);
	/* What cannot be reached now may lose a tag, as it is written later, but get none */
	if (msi && msi->pci.msi_attrib.can_mask && (memory_on(&tdev->core) || !tag)) {
		msi->pci.msix_ctrl = (msi->pci.msix_ctrl & ~PCI_MSIX_ENTRY_CTRL_ST) | tag << 16;
		if (memory_on(&tdev->core)) {
			control = msi->pci.mask_base + vector * PCI_MSIX_ENTRY_SIZE +
				  PCI_MSIX_ENTRY_VECTOR_CTRL;
			writel(msi->pci.msix_ctrl, control);
			/* Brings the write home; all ones come from a device that is gone */
			ret = readl(control) == U32_MAX ? -ENODEV : 0;
		}
	}
	raw_spin_unlock_irqrestore(&irq_data_to_desc(data)->lock, flags);
	return ret;
}

/*
 * No vector has a tag that its user has not set. A user who changes a request while it
 * is read has its vectors freed with their tags in the table, from where the PCI core
 * takes them for the next vectors, which may be another user's. It clears what is
 * behind those.
 */
static void clear_left_tags(struct vfio_pci_tph_device *tdev)
{
	struct msi_desc *msi;
	int vector, virq;

	for (vector = 0; vector < VFIO_PCI_TPH_MAX_ENTRIES; vector++) {
		virq = virq_of(tdev, vector);
		if (virq <= 0)
			break;
		msi = irq_get_msi_desc(virq);
		if (msi && msi->pci.msix_ctrl & PCI_MSIX_ENTRY_CTRL_ST)
			tph_host_write_msix_tag(&tdev->host, vector, 0);
	}
}

/**
 * vfio_pci_tph_release_vectors - all vectors are about to be freed, or to be set up
 * @tdev: the device
 * @going: 1 before, -1 after; 0 if no request can come in between
 *
 * In between they count as gone. What the rules cannot reach is no error: the tags are
 * out of the PCI core's copy, and it writes that when it frees a vector.
 */
void vfio_pci_tph_release_vectors(struct vfio_pci_tph_device *tdev, int going)
{
	vfio_pci_tph_lock(tdev);
	if (going >= 0)
		tph_core_release_vectors(tdev->tph, &tdev->host);
	tdev->vectors_going += going;
	if (going < 0)
		clear_left_tags(tdev);
	vfio_pci_tph_unlock(tdev);
}

static bool frees_vectors(const struct vfio_irq_set *set)
{
	return set->index == VFIO_PCI_MSIX_IRQ_INDEX && !set->count &&
	       set->flags == (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER);
}

/* A request that may free all vectors, or set up the first */
static noinline long set_up_irqs(struct vfio_pci_tph_device *tdev, unsigned long arg)
{
	struct vfio_irq_set set;
	bool releases;
	long ret;

	if (copy_from_user(&set, (void __user *)arg, offsetofend(typeof(set), count)))
		return -EFAULT;

	/* Whatever was read here: VFIO reads it again, and may find the first vectors asked for */
	releases = frees_vectors(&set) || !tdev->core.pdev->msix_enabled;

	if (releases)
		vfio_pci_tph_release_vectors(tdev, 1);
	ret = vfio_pci_core_ioctl(&tdev->core.vdev, VFIO_DEVICE_SET_IRQS, arg);
	if (releases)
		vfio_pci_tph_release_vectors(tdev, -1);
	return ret;
}

/**
 * vfio_pci_tph_set_irqs - serve VFIO_DEVICE_SET_IRQS for a device with tags in MSI-X
 * @tdev: the device
 * @arg: the request in the memory of the caller
 *
 * Drivers raise and mask vectors often. Of such a request only one word is read here.
 *
 * Return: what vfio-pci-core returns
 */
long vfio_pci_tph_set_irqs(struct vfio_pci_tph_device *tdev, unsigned long arg)
{
	struct vfio_irq_set __user *request = (struct vfio_irq_set __user *)arg;
	u32 count;
	long ret;

	if (get_user(count, &request->count))
		return -EFAULT;

	mutex_lock(&tdev->setting_irqs);
	if (!count || !tdev->core.pdev->msix_enabled)
		ret = set_up_irqs(tdev, arg);
	else
		ret = vfio_pci_core_ioctl(&tdev->core.vdev, VFIO_DEVICE_SET_IRQS, arg);
	mutex_unlock(&tdev->setting_irqs);
	return ret;
}
