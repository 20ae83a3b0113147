// SPDX-License-Identifier: GPL-2.0-only
/*
 * TPH along the life of a device: off and clean when a user comes, off and clean
 * when the user goes, as the user left it after a reset.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/workqueue.h>

#include "vfio_pci_tph.h"

static void warn_unless_gone(struct vfio_pci_tph_device *tdev, int ret, const char *step)
{
	if (ret && ret != -ENODEV)
		dev_warn_ratelimited(&tdev->core.pdev->dev, "TPH could not be %s (%d)\n", step,
				     ret);
}

/**
 * vfio_pci_tph_open - a user comes
 * @tdev: the device; vfio_pci_core_enable() has powered and reset it
 *
 * Return: 0, or a negative errno if TPH could not be turned off. A device without
 * TPH is no error.
 */
int vfio_pci_tph_open(struct vfio_pci_tph_device *tdev)
{
	int ret;

	vfio_pci_tph_lock(tdev);
	ret = tph_core_open(tdev->tph, &tdev->host);
	vfio_pci_tph_unlock(tdev);
	return ret;
}

/**
 * vfio_pci_tph_close_device - the user goes
 * @vdev: the device
 *
 * Tags leave the MSI-X vectors while there are any. Then the core goes: it brings the
 * device to D0 wherever the user left it, stops its DMA, and resets it if it can: a
 * reset of the bus puts TPH back as the user had it, others leave it off or as it is.
 * Then it may let the device sleep. The next user waits for dev_set->lock.
 */
void vfio_pci_tph_close_device(struct vfio_device *vdev)
{
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_vdev(vdev);
	struct device *dev = &tdev->core.pdev->dev;
	int awake, ret;

	vfio_pci_tph_release_vectors(tdev, 0);
	vfio_pci_core_close_device(vdev);

	awake = pm_runtime_resume_and_get(dev);
	vfio_pci_tph_lock(tdev);
	ret = tph_core_close(tdev->tph, &tdev->host);
	vfio_pci_tph_unlock(tdev);
	warn_unless_gone(tdev, ret, "turned off");
	if (awake == 0)
		pm_runtime_put(dev);
}

/* Every reset that saves and restores the device: memory_lock may be held for write */
static void reset_prepare(struct pci_dev *pdev)
{
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_pdev(pdev);

	if (vfio_pci_core_err_handlers.reset_prepare)
		vfio_pci_core_err_handlers.reset_prepare(pdev);
	mutex_lock(&tdev->host.lock);
}

static void reset_done(struct pci_dev *pdev)
{
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_pdev(pdev);

	lockdep_assert_held(&tdev->host.lock);
	warn_unless_gone(tdev, tph_core_restore(tdev->tph, &tdev->host), "restored");
	mutex_unlock(&tdev->host.lock);
	if (vfio_pci_core_err_handlers.reset_done)
		vfio_pci_core_err_handlers.reset_done(pdev);
}

static void after_recovery(struct work_struct *work)
{
	struct vfio_pci_tph_device *tdev =
		container_of(work, struct vfio_pci_tph_device, recovery);
	struct device *dev = &tdev->core.pdev->dev;

	if (pm_runtime_resume_and_get(dev))
		return;
	vfio_pci_tph_lock(tdev);
	warn_unless_gone(tdev, tph_core_recover(tdev->tph, &tdev->host), "recovered");
	vfio_pci_tph_unlock(tdev);
	pm_runtime_put(dev);
}

/*
 * Recovery from an error may reset the bus without reset_prepare() and
 * reset_done(); this is its end. It holds pci_bus_sem, which resets take with our
 * locks held; so a worker restores.
 */
static void aer_resume(struct pci_dev *pdev)
{
	if (vfio_pci_core_err_handlers.resume)
		vfio_pci_core_err_handlers.resume(pdev);
	schedule_work(&vfio_pci_tph_from_pdev(pdev)->recovery);
}

/**
 * vfio_pci_tph_init_recovery - a device is about to be bound
 * @tdev: the device
 */
void vfio_pci_tph_init_recovery(struct vfio_pci_tph_device *tdev)
{
	INIT_WORK(&tdev->recovery, after_recovery);
}

/**
 * vfio_pci_tph_end_recovery - a device is about to go
 * @tdev: the device; the caller holds device_lock(), so no recovery comes after this
 */
void vfio_pci_tph_end_recovery(struct vfio_pci_tph_device *tdev)
{
	cancel_work_sync(&tdev->recovery);
}

/**
 * vfio_pci_tph_fill_err_handlers - the core's error handlers and ours
 * @handlers: where they go
 */
void vfio_pci_tph_fill_err_handlers(struct pci_error_handlers *handlers)
{
	*handlers = vfio_pci_core_err_handlers;
	handlers->reset_prepare = reset_prepare;
	handlers->reset_done = reset_done;
	handlers->resume = aer_resume;
}
