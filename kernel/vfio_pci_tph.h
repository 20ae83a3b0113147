/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_TPH_H
#define VFIO_PCI_TPH_H

#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

#include "core.h"

struct tph_firmware;
struct vfio_pci_tph_device;

#define VFIO_PCI_TPH_INTERFACE	1	/* the version that docs/abi.md describes */

/**
 * struct tph_host - a device as the rules see it
 * @pdev: the device
 * @tdev: the same as we have it; NULL while another driver's module asks, see exports.c
 * @lock: held while rules run for it; guards all registers and tags of TPH
 * @firmware: of the host bridge above, or why there is none
 * @missed: where the rules leave a question that firmware has not answered yet
 */
struct tph_host {
	struct pci_dev *pdev;
	struct vfio_pci_tph_device *tdev;
	struct mutex lock; /* see above */
	struct tph_firmware *firmware;
	struct tph_dsm_call *missed;
};

/**
 * struct vfio_pci_tph_device - a device bound to this driver
 * @core: what vfio-pci-core keeps; first, as vfio_alloc_device() and drvdata want
 * @host: what the rules see; its lock guards @tph too and is called tph_lock
 * @tph_lock_key: a bus reset holds the locks of several devices at once
 * @tph: state of the rules; holds something between open and close
 * @info: what the device has, all 0 without TPH; does not change once it is bound
 * @vectors_have_tags: its table is in MSI-X, or may be: nobody could tell
 * @firmware_names_tags: what firmware said when the device was bound
 * @opened: a number that no other open, of whatever device, has; see dmabuf.c
 * @devcap2: its Device Capabilities 2, read when it was opened
 * @setting_irqs: held over a whole VFIO_DEVICE_SET_IRQS if @vectors_have_tags, so that none
 *	sees another's half
 * @vectors_going: requests that are freeing the MSI-X vectors, or set up the first
 * @recovery: puts TPH back after recovery from an error
 *
 * Lock order, outermost first:
 *
 *	dev_set->lock		open, close, hot reset
 *	setting_irqs		VFIO_DEVICE_SET_IRQS; never with dev_set->lock
 *	core.igate		ioctl, open, close, @recovery; all that allocates or frees vectors
 *	core.memory_lock	read: ioctl, open, close, @recovery
 *				write: VFIO_DEVICE_RESET, hot reset, FLR by config write
 *	device_lock()		every reset; bind and unbind; AER. Inside memory_lock it is
 *				only tried
 *	tph_lock
 *	pci_bus_sem		a reset of the bus; recovery from an error walks the bus with it and
 *				must not wait for any of the above but device_lock()
 *	(dma_buf->resv is inside memory_lock, beside these, see dmabuf.c)
 *	MSI descriptors, console, allocator
 *	irq_desc->lock		a tag in the MSI-X table
 *
 * device_lock() comes before igate and memory_lock where it is waited for: bind, AER,
 * SR-IOV. A reader of sysfs takes tph_lock alone; unbind waits for it in device_lock().
 *
 * A reset takes tph_lock in reset_prepare() and keeps it until reset_done() has put
 * back what the user had set: both run in the task that resets, in pairs. These two
 * never take igate or memory_lock, as their caller may hold the latter for write; so
 * they leave tags in the MSI-X table to the PCI core, which restores them. Nothing that can
 * reset the device, and no access to user memory (a fault takes mmap_lock, outside
 * memory_lock), happens with either lock held; nor does a call to firmware.
 */
struct vfio_pci_tph_device {
	struct vfio_pci_core_device core;
	struct tph_host host;
	struct lock_class_key tph_lock_key;
	struct tph_core *tph;
	struct tph_info info;
	bool vectors_have_tags;
	bool firmware_names_tags;
	u64 opened;
	u32 devcap2;
	unsigned int vectors_going;
	struct mutex setting_irqs; /* see above */
	struct work_struct recovery;
};

static inline struct vfio_pci_tph_device *vfio_pci_tph_from_vdev(struct vfio_device *vdev)
{
	return container_of(vdev, struct vfio_pci_tph_device, core.vdev);
}

static inline struct vfio_pci_tph_device *vfio_pci_tph_from_pdev(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	return container_of(core, struct vfio_pci_tph_device, core);
}

/* In D3 a device may take a write and forget it on the way back to D0 */
static inline bool vfio_pci_tph_asleep(struct pci_dev *pdev)
{
	return pdev->current_state == PCI_D3hot || pdev->current_state == PCI_D3cold;
}

static inline void vfio_pci_tph_lock(struct vfio_pci_tph_device *tdev)
{
	mutex_lock(&tdev->core.igate);
	down_read(&tdev->core.memory_lock);
	mutex_lock(&tdev->host.lock);
}

static inline void vfio_pci_tph_unlock(struct vfio_pci_tph_device *tdev)
{
	mutex_unlock(&tdev->host.lock);
	up_read(&tdev->core.memory_lock);
	mutex_unlock(&tdev->core.igate);
}

extern bool vfio_pci_tph_direct_tags;
extern const struct attribute_group *vfio_pci_tph_driver_groups[];
extern const struct attribute_group *vfio_pci_tph_device_groups[];
extern atomic_long_t vfio_pci_tph_evaluations;

struct tph_firmware *tph_firmware_get(struct pci_dev *pdev);
void tph_firmware_put(struct tph_firmware *firmware);
int tph_firmware_run(struct tph_host *host, int (*rules)(struct tph_host *host, void *arg),
		     void *arg);
int tph_firmware_init(void);
void tph_firmware_exit(void);

int vfio_pci_tph_describe(struct vfio_pci_tph_device *tdev);
int tph_dma_buf_init(void);
void tph_dma_buf_exit(void);
void vfio_pci_tph_dma_buf_open(struct vfio_pci_tph_device *tdev);
int vfio_pci_tph_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz);

long vfio_pci_tph_request(struct vfio_pci_tph_device *tdev, void __user *arg);
long vfio_pci_tph_set_irqs(struct vfio_pci_tph_device *tdev, unsigned long arg);
void vfio_pci_tph_release_vectors(struct vfio_pci_tph_device *tdev, int going);
int vfio_pci_tph_open(struct vfio_pci_tph_device *tdev);
void vfio_pci_tph_close_device(struct vfio_device *vdev);
void vfio_pci_tph_init_recovery(struct vfio_pci_tph_device *tdev);
void vfio_pci_tph_end_recovery(struct vfio_pci_tph_device *tdev);
void vfio_pci_tph_fill_err_handlers(struct pci_error_handlers *handlers);

#endif /* VFIO_PCI_TPH_H */
