// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator sees without opening a device; docs/kernel.md lists it. All of it
 * is for everybody to read, so there are no tags in it, and a read wakes no device and
 * asks no firmware.
 *
 * The files of a device come after probe() and are gone, with their readers, before
 * remove(). A reader takes tph_lock alone: it waits for a reset, never the other way.
 */
#include <linux/array_size.h>
#include <linux/device.h>
#include <linux/sysfs.h>

#include "vfio_pci_tph.h"
#include "vfio_tph.h"

static int describe(struct tph_host *host, void *unused)
{
	struct vfio_pci_tph_device *tdev = host->tdev;
	/* A device without TPH has nothing; that is no error */
	int ret = tph_core_info(host, &tdev->info);

	/* One that did not answer may turn out to have anything when it is opened */
	tdev->vectors_have_tags = ret ? ret != -EOPNOTSUPP :
				  tdev->info.location == VFIO_TPH_TABLE_MSIX;
	return tph_core_firmware(host);
}

/**
 * vfio_pci_tph_describe - learn what does not change while a device is bound
 * @tdev: the device; it is awake and has no user
 *
 * Return: 0 or a negative errno
 */
int vfio_pci_tph_describe(struct vfio_pci_tph_device *tdev)
{
	int ret = tph_firmware_run(&tdev->host, describe, NULL);

	if (ret < 0)
		return ret;
	tdev->firmware_names_tags = ret;
	return 0;
}

static const char *mode_name(u8 mode)
{
	static const char * const names[] = {
		"off", "no-st", "interrupt-vector", "device-specific"
	};

	return mode < ARRAY_SIZE(names) ? names[mode] : "unknown";
}

static const char *location_name(u8 location)
{
	static const char * const names[] = { "none", "capability", "msix" };

	return location < ARRAY_SIZE(names) ? names[location] : "unknown";
}

static struct tph_status status_of(struct vfio_pci_tph_device *tdev)
{
	struct tph_status status;

	guard(mutex)(&tdev->host.lock);
	tph_core_status(tdev->tph, &status);
	return status;
}

/* A file of a device, which shows @value of @tdev */
#define DEVICE_FILE(name, format, value)						\
static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *buf)	\
{											\
	struct vfio_pci_tph_device *tdev = vfio_pci_tph_from_pdev(to_pci_dev(dev));	\
											\
	return sysfs_emit(buf, format "\n", value);					\
}											\
static DEVICE_ATTR_RO(name)

DEVICE_FILE(mode, "%s", mode_name(status_of(tdev).mode));
DEVICE_FILE(requester_width, "%u", status_of(tdev).width);
DEVICE_FILE(entries_in_use, "%u", status_of(tdev).in_use);
DEVICE_FILE(table_size, "%u", tdev->info.entries);
DEVICE_FILE(table_location, "%s", location_name(tdev->info.location));
DEVICE_FILE(firmware, "%u", tdev->firmware_names_tags);

static struct attribute *device_attrs[] = {
	&dev_attr_mode.attr,
	&dev_attr_requester_width.attr,
	&dev_attr_entries_in_use.attr,
	&dev_attr_table_size.attr,
	&dev_attr_table_location.attr,
	&dev_attr_firmware.attr,
	NULL
};

static const struct attribute_group device_group = {
	.name = "tph",
	.attrs = device_attrs,
};

const struct attribute_group *vfio_pci_tph_device_groups[] = {
	&device_group,
	NULL
};

static ssize_t interface_version_show(struct device_driver *driver, char *buf)
{
	return sysfs_emit(buf, "%d\n", VFIO_PCI_TPH_INTERFACE);
}
static DRIVER_ATTR_RO(interface_version);

static ssize_t firmware_evaluations_show(struct device_driver *driver, char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&vfio_pci_tph_evaluations));
}
static DRIVER_ATTR_RO(firmware_evaluations);

static struct attribute *driver_attrs[] = {
	&driver_attr_interface_version.attr,
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
