// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator sees without opening a device. Read-only; nothing here wakes
 * a device.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "vfio_pci_tph.h"

static ssize_t firmware_evaluations_show(struct device_driver *driver, char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&vfio_pci_tph_evaluations));
}
static DRIVER_ATTR_RO(firmware_evaluations);

static struct attribute *driver_attrs[] = {
	&driver_attr_firmware_evaluations.attr,
	NULL
};

static const struct attribute_group driver_group = {
	.attrs = driver_attrs,
};

const struct attribute_group *vfio_pci_tph_driver_groups[] = {
	&driver_group,
	NULL
};
