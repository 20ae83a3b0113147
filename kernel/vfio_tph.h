/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TPH for other modules: what a device can do, and the tags of CPUs. The functions are
 * exported by vfio_pci_tph to GPL modules; symbol_get() finds them too, for a module
 * that can do without.
 *
 * The device may have any driver or none; the caller holds a reference to it. All may
 * sleep. The first two wake the device, so do not call them from its callbacks for
 * runtime power management; nor while it is being reset, when it does not answer. What
 * they find never changes: ask once. None of them changes anything.
 *
 * All return 0 or a negative errno, and leave the results alone if they fail.
 */
#ifndef VFIO_TPH_H
#define VFIO_TPH_H

#include <linux/bits.h>
#include <linux/types.h>

struct pci_dev;

#define VFIO_TPH_MODE_NO_ST		BIT(0)
#define VFIO_TPH_MODE_INTERRUPT_VECTOR	BIT(1)
#define VFIO_TPH_MODE_DEVICE_SPECIFIC	BIT(2)

enum vfio_tph_table_location {
	VFIO_TPH_TABLE_NONE = 0,
	VFIO_TPH_TABLE_CAPABILITY = 1,
	VFIO_TPH_TABLE_MSIX = 2,
};

enum vfio_tph_memory {
	VFIO_TPH_VOLATILE = 0,
	VFIO_TPH_PERSISTENT = 1,
};

/*
 * -EOPNOTSUPP: the device has no TPH; -EINVAL: its capability is malformed; -EIO: its
 * user has put it in D3, or it cannot be read; -ENODEV: it is gone; or why it could not
 * be woken.
 */
int vfio_tph_supported_modes(struct pci_dev *pdev, u8 *modes);
int vfio_tph_table(struct pci_dev *pdev, enum vfio_tph_table_location *location, u16 *entries);

/*
 * The tag of an online CPU, @width (8 or 16) bits wide: the two are different
 * namespaces, and 0 is a tag like others. Whether somebody may steer to that CPU, and
 * whether the root port takes such tags, is the caller's business. Firmware is asked
 * where its answer is not known; answers are kept while a device below the same host
 * bridge is bound to vfio-pci-tph, until CPUs come or go.
 *
 * -EINVAL: no such CPU, memory type or width, or the CPU is offline; -ENODEV: no
 * firmware names tags for the device; -ENODATA: it names none like this; -EIO: its
 * method failed; -EINTR: the caller is being killed; -ENOMEM.
 */
int vfio_tph_cpu_tag(struct pci_dev *pdev, unsigned int cpu, enum vfio_tph_memory memory,
		     u8 width, u16 *tag);

#endif /* VFIO_TPH_H */
