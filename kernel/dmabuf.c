// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tag and hint of a dma-buf: whose dma-buf it is, who may ask. vfio-pci-core exports the
 * dma-bufs and keeps its side of them to itself; what we know of one is in hint_mark.c.
 *
 * Locks, outermost first: memory_lock of the device (SET, for reading), as the core
 * takes it around everything that makes, revokes, restores or closes a dma-buf; the
 * dma-buf's resv (SET, GET, importers), which guards the mark's hint; the group's
 * and the mark's own, inside fsnotify. memory_lock, and with it the device, stays
 * while the hint is stored: so a SET is done before the device is closed, or refused.
 * A query has resv alone, as importers do, which is also what a buffer is revoked and
 * restored under. memory_lock is outside of mmap_lock, so the payload is copied before.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_tph.h>

#include "hint_mark.h"
#include "vfio_pci_tph.h"
#include "vfio_tph_dma_buf.h"

MODULE_IMPORT_NS("DMA_BUF");

static unsigned int dma_buf_tph_feature = VFIO_PCI_TPH_DMA_BUF_TPH_DEFAULT;
module_param(dma_buf_tph_feature, uint, 0444);
MODULE_PARM_DESC(dma_buf_tph_feature,
		 "Number of the VFIO feature DMA_BUF_TPH, 13 to 65535. Linux has not settled it; the library reads it here.");

/*
 * Whether this open device made the dma-buf. The core links its side of each into the
 * device's public list, and unlinks it at close. Its side is what priv points to, one
 * object of the allocator: a link inside of that object is the proof, at whatever place.
 * New ones are linked last.
 */
static bool exported_by(struct vfio_pci_tph_device *tdev, struct dma_buf *dmabuf)
{
	unsigned long object = (unsigned long)dmabuf->priv;
	struct list_head *link;
	size_t size;

	lockdep_assert_held(&tdev->core.memory_lock);
	if (strcmp(dmabuf->exp_name, "vfio_pci_core"))
		return false;
	size = ksize(dmabuf->priv);
	list_for_each_prev(link, &tdev->core.dmabufs) {
		if ((unsigned long)link - object < size)
			return true;
		/* A user may have made very many */
		cond_resched();
	}
	return false;
}

/* The importer that revoked() plays is never attached, so there is nothing to tell it */
static void never_called(struct dma_buf_attachment *attach)
{
}

/*
 * Whether the core would refuse a new importer, which it does while the memory is out
 * of reach: its own word, which changes under resv only. Its attach() keeps nothing.
 */
static bool revoked(struct dma_buf *dmabuf, struct device *exporter)
{
	static const struct dma_buf_attach_ops importer = {
		.allow_peer2peer = true,
		.invalidate_mappings = never_called,
	};
	struct dma_buf_attachment attach = {
		.dmabuf = dmabuf,
		.dev = exporter,
		.peer2peer = true,
		.importer_ops = &importer,
	};
	int ret = dmabuf->ops->attach ? dmabuf->ops->attach(dmabuf, &attach) : 0;

	if (!ret && dmabuf->ops->detach)
		dmabuf->ops->detach(dmabuf, &attach);
	return ret == -ENODEV;
}

static int store(struct vfio_pci_tph_device *tdev, struct dma_buf *dmabuf, u64 kept)
{
	struct hint_mark *hint = hint_mark_find(dmabuf);
	int ret;

	if (hint ? hint->opened != tdev->opened : !exported_by(tdev, dmabuf)) {
		ret = -EXDEV;
		goto out;
	}
	ret = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (ret)
		goto out;
	if (!hint)
		hint = hint_mark_find(dmabuf) ?:
		       hint_mark_add(dmabuf, &tdev->core.pdev->dev, tdev->opened);
	if (IS_ERR(hint))
		ret = PTR_ERR(hint);
	else
		hint->hint = kept;
	dma_resv_unlock(dmabuf->resv);
out:
	if (!IS_ERR_OR_NULL(hint))
		hint_mark_put(hint);
	return ret;
}

int tph_host_set_dma_buf_hint(struct tph_host *host, int fd, u64 kept)
{
	struct vfio_pci_tph_device *tdev = host->tdev;
	struct dma_buf *dmabuf = dma_buf_get(fd);
	int ret;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	down_read(&tdev->core.memory_lock);
	ret = store(tdev, dmabuf, kept);
	up_read(&tdev->core.memory_lock);
	/* May be the last reference, and releasing takes memory_lock for writing */
	dma_buf_put(dmabuf);
	return ret;
}

static int kept_hint(struct dma_buf *dmabuf, u64 *kept)
{
	struct hint_mark *hint;
	int ret = 0;

	dma_resv_assert_held(dmabuf->resv);
	*kept = 0;
	hint = hint_mark_find(dmabuf);
	if (!hint)
		return 0;
	if (revoked(dmabuf, hint->exporter))
		ret = -ENODEV;
	else
		*kept = hint->hint;
	hint_mark_put(hint);
	return ret;
}

int tph_host_dma_buf_hint(int fd, u64 *kept)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	int ret;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (!ret) {
		ret = kept_hint(dmabuf, kept);
		dma_resv_unlock(dmabuf->resv);
	}
	dma_buf_put(dmabuf);
	return ret;
}

int vfio_tph_dma_buf_get(struct dma_buf *dmabuf, u8 st_width, u16 *steering_tag, u8 *ph)
{
	u64 kept;
	int ret = kept_hint(dmabuf, &kept);

	return ret ?: tph_core_dma_buf_tag(kept, st_width, steering_tag, ph);
}
EXPORT_SYMBOL_GPL(vfio_tph_dma_buf_get);

/**
 * vfio_pci_tph_feature - serve VFIO_DEVICE_FEATURE
 * @vdev: the device
 * @flags: number and direction; VFIO has checked them
 * @arg: the payload in the memory of the caller
 * @argsz: its size, as the caller says
 *
 * Return: 0 or a negative errno; what the core answers for features that are not ours.
 */
int vfio_pci_tph_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz)
{
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_vdev(vdev);
	u8 payload[sizeof(struct vfio_device_feature_dma_buf_tph)];
	ssize_t needed;

	if (!tph_core_is_dma_buf_tph(flags, dma_buf_tph_feature))
		return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
	needed = tph_core_dma_buf_payload(flags, argsz, tdev->devcap2);
	if (needed <= 0)
		return needed;
	if (WARN_ON_ONCE(needed > (ssize_t)sizeof(payload)))
		return -EINVAL;
	if (copy_from_user(payload, arg, needed))
		return -EFAULT;
	return tph_core_dma_buf_set(&tdev->host, payload, needed, tdev->devcap2);
}

/**
 * vfio_pci_tph_dma_buf_open - a user comes
 * @tdev: the device; vfio_pci_core_enable() has powered and reset it
 */
void vfio_pci_tph_dma_buf_open(struct vfio_pci_tph_device *tdev)
{
	static atomic64_t opens;

	tdev->opened = atomic64_inc_return(&opens);
	/* What it receives. Leaves 0 if there is none, or if it cannot be read */
	pcie_capability_read_dword(tdev->core.pdev, PCI_EXP_DEVCAP2, &tdev->devcap2);
}

int tph_dma_buf_init(void)
{
	if (!tph_core_feature_number_is_free(dma_buf_tph_feature)) {
		pr_err("dma_buf_tph_feature=%u: not a number from 13 to 65535\n",
		       dma_buf_tph_feature);
		return -EINVAL;
	}
	return hint_mark_init();
}

void tph_dma_buf_exit(void)
{
	hint_mark_exit();
}
