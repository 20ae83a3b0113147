// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the lab only: calls the kernel's own TPH functions as a driver would, for a
 * device that no driver has. Each write to the parameter is one call, and fails with
 * what that returned, or with -EBADMSG if it is none:
 *
 *	echo 0000:01:00.0 enable 2 > /sys/module/tph_lab_in_tree/parameters/call
 *
 *	enable MODE			disable
 *	entry INDEX TAG			tag CPU MEMORY
 *	state (no call)
 *
 * What is read from there is about the device of the last call: whether the kernel
 * holds TPH for enabled, its mode and requester type, and the last tag.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-tph.h>
#include <linux/string.h>

static char state[64];

static int call_one(struct pci_dev *pdev, const char *what, u16 *tag)
{
	unsigned int first, second;

	if (sscanf(what, "enable %u", &first) == 1)
		return pcie_enable_tph(pdev, first);
	if (sscanf(what, "entry %u %x", &first, &second) == 2)
		return pcie_tph_set_st_entry(pdev, first, second);
	if (sscanf(what, "tag %u %u", &first, &second) == 2)
		return pcie_tph_get_cpu_st(pdev, second, first, tag);
	if (!strncmp(what, "disable", 7)) {
		pcie_disable_tph(pdev);
		return 0;
	}
	return strncmp(what, "state", 5) ? -EBADMSG : 0;
}

static int call_set(const char *text, const struct kernel_param *kp)
{
	unsigned int domain, bus, device, function;
	struct pci_dev *pdev;
	int length, ret;
	u16 tag = 0;

	if (sscanf(text, "%x:%x:%x.%x %n", &domain, &bus, &device, &function, &length) != 4)
		return -EBADMSG;
	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(device, function));
	if (!pdev)
		return -ENODEV;
	ret = call_one(pdev, text + length, &tag);
	scnprintf(state, sizeof(state), "%u %u %u 0x%x\n", pdev->tph_enabled, pdev->tph_mode,
		  pdev->tph_req_type, tag);
	pci_dev_put(pdev);
	return ret;
}

static int call_get(char *buffer, const struct kernel_param *kp)
{
	return strscpy(buffer, state, PAGE_SIZE);
}

static const struct kernel_param_ops call_ops = {
	.set = call_set,
	.get = call_get,
};
module_param_cb(call, &call_ops, NULL, 0600);
MODULE_PARM_DESC(call, "Device and call; then read what the kernel holds the device for");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lab only: calls the kernel's own TPH functions");
