// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the lab only: calls what vfio_pci_tph exports, as another module would. A
 * question is written to the parameter, its answer is read from there:
 *
 *	echo 0000:01:00.0 2 0 16 > /sys/module/tph_lab_exports/parameters/ask
 *
 * asks of that device the tag of CPU 2, memory type 0, 16 bits. The answer has what
 * each of the three functions returned and found: modes, place and size of the table;
 * and the tag after a semicolon.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "../vfio_tph.h"

static char answer[128];

static int ask_set(const char *text, const struct kernel_param *kp)
{
	unsigned int domain, bus, device, function, cpu, memory, width;
	enum vfio_tph_table_location location = 0;
	u16 entries = 0, tag = 0;
	int modes_ret, table_ret, tag_ret;
	struct pci_dev *pdev;
	u8 modes = 0;

	if (sscanf(text, "%x:%x:%x.%x %u %u %u", &domain, &bus, &device, &function, &cpu,
		   &memory, &width) != 7)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(device, function));
	if (!pdev)
		return -ENODEV;
	modes_ret = vfio_tph_supported_modes(pdev, &modes);
	table_ret = vfio_tph_table(pdev, &location, &entries);
	tag_ret = vfio_tph_cpu_tag(pdev, cpu, memory, width, &tag);
	scnprintf(answer, sizeof(answer), "%d %u %d %u %u;%d 0x%x\n", modes_ret, modes, table_ret,
		  location, entries, tag_ret, tag);
	pci_dev_put(pdev);
	return 0;
}

static int ask_get(char *buffer, const struct kernel_param *kp)
{
	return strscpy(buffer, answer, PAGE_SIZE);
}

static const struct kernel_param_ops ask_ops = {
	.set = ask_set,
	.get = ask_get,
};
module_param_cb(ask, &ask_ops, NULL, 0600);
MODULE_PARM_DESC(ask, "Device, CPU, memory type, width; then read the answer");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lab only: calls the exported functions of vfio_pci_tph");
