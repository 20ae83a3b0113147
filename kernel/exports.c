// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of vfio_tph.h, for devices that need not be bound to us: they run the
 * rules for a struct tph_host of their own, whose lock is nobody else's. Registers are
 * only read, and only such as never change.
 */
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include "vfio_pci_tph.h"
#include "vfio_tph.h"

static int device_info(struct pci_dev *pdev, struct tph_info *info)
{
	struct tph_host host = { .pdev = pdev };
	int ret;

	/* VFIO lets a device without a user sleep, others do so too */
	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret)
		return ret;
	mutex_init(&host.lock);
	scoped_guard(mutex, &host.lock)
		ret = tph_core_info(&host, info);
	pm_runtime_put(&pdev->dev);
	return ret;
}

/**
 * vfio_tph_supported_modes - the ST modes of a device
 * @pdev: the device
 * @modes: where they go, bits VFIO_TPH_MODE_*
 *
 * Return: 0 or a negative errno, see vfio_tph.h
 */
int vfio_tph_supported_modes(struct pci_dev *pdev, u8 *modes)
{
	struct tph_info info;
	int ret = device_info(pdev, &info);

	if (!ret)
		*modes = info.modes;
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_tph_supported_modes);

/**
 * vfio_tph_table - the ST table of a device
 * @pdev: the device
 * @location: where its place goes
 * @entries: where its size goes, 0 without a table
 *
 * Return: 0 or a negative errno, see vfio_tph.h
 */
int vfio_tph_table(struct pci_dev *pdev, enum vfio_tph_table_location *location, u16 *entries)
{
	struct tph_info info;
	int ret = device_info(pdev, &info);

	if (!ret) {
		*location = info.location;
		*entries = info.entries;
	}
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_tph_table);

struct question {
	unsigned int cpu;
	u8 memory, width;
	u16 *tag;
};

static int find_tag(struct tph_host *host, void *arg)
{
	struct question *question = arg;

	return tph_core_cpu_tag(host, question->cpu, question->memory, question->width,
				question->tag);
}

/**
 * vfio_tph_cpu_tag - the tag that firmware names for a CPU
 * @pdev: the device that is to send it
 * @cpu: number of an online CPU
 * @memory: where the data lies
 * @width: bits of the tag, 8 or 16
 * @tag: where it goes
 *
 * Return: 0 or a negative errno, see vfio_tph.h
 */
int vfio_tph_cpu_tag(struct pci_dev *pdev, unsigned int cpu, enum vfio_tph_memory memory,
		     u8 width, u16 *tag)
{
	struct tph_host host = { .pdev = pdev, .firmware = tph_firmware_get(pdev) };
	struct question question = { .cpu = cpu, .memory = memory, .width = width, .tag = tag };
	int ret;

	if (host.firmware == ERR_PTR(-ENOMEM))
		return -ENOMEM;
	mutex_init(&host.lock);
	ret = tph_firmware_run(&host, find_tag, &question);
	tph_firmware_put(host.firmware);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_tph_cpu_tag);
