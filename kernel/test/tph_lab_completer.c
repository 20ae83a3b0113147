// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the lab only: gives root ports the TPH completer bits that QEMU's lack.
 *
 *	insmod tph_lab_completer.ko completer=0000:00:05.0=3,0000:00:06.0=1
 *
 * From then on reads of Device Capabilities 2 of these ports show the given value
 * (0 to 3) in bits 13:12. The module cannot be unloaded: configuration space is read
 * without a lock that would say when its code is no longer in use.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitfield.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

#define COMPLETER	GENMASK(13, 12)
#define MAX_PORTS	32

static char *completer;
module_param(completer, charp, 0444);
MODULE_PARM_DESC(completer, "Root ports and values, like 0000:00:05.0=3,0000:00:06.0=1");

/* A bus whose operations are replaced by @ops */
struct wrapped_bus {
	struct pci_bus *bus;
	struct pci_ops *original;
	struct pci_ops ops;
};

struct port {
	struct pci_dev *pdev;
	u32 value;
};

/* They do not change once a bus is wrapped */
static struct wrapped_bus buses[MAX_PORTS];
static struct port ports[MAX_PORTS];
static int bus_count, port_count;

static const struct port *find_port(struct pci_bus *bus, unsigned int devfn)
{
	int i;

	for (i = 0; i < port_count; i++)
		if (ports[i].pdev->bus == bus && ports[i].pdev->devfn == devfn)
			return &ports[i];
	return NULL;
}

static int read_with_completer(struct pci_bus *bus, unsigned int devfn, int where, int size,
			       u32 *val)
{
	struct wrapped_bus *wrapped = container_of(bus->ops, struct wrapped_bus, ops);
	int ret = wrapped->original->read(bus, devfn, where, size, val);
	const struct port *port = find_port(bus, devfn);
	int at;
	u32 mask;

	if (ret || !port)
		return ret;

	at = where - (pci_pcie_cap(port->pdev) + PCI_EXP_DEVCAP2);
	if (at < 0 || at > 3)
		return ret;
	mask = COMPLETER >> (at * 8) & GENMASK(size * 8 - 1, 0);
	*val = (*val & ~mask) | (FIELD_PREP(COMPLETER, port->value) >> (at * 8) & mask);
	return ret;
}

static void add_bus(struct pci_bus *bus)
{
	struct wrapped_bus *wrapped = &buses[bus_count];
	int i;

	for (i = 0; i < bus_count; i++)
		if (buses[i].bus == bus)
			return;

	wrapped->bus = bus;
	wrapped->original = bus->ops;
	wrapped->ops = *bus->ops;
	wrapped->ops.read = read_with_completer;
	bus_count++;
}

static int add_port(const char *text)
{
	unsigned int domain, bus, device, function, value;
	struct pci_dev *pdev;

	if (sscanf(text, "%x:%x:%x.%x=%u", &domain, &bus, &device, &function, &value) != 5 ||
	    device > 31 || function > 7 || value > 3 || port_count == MAX_PORTS) {
		pr_err("cannot read '%s', or more than %d ports\n", text, MAX_PORTS);
		return -EINVAL;
	}

	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(device, function));
	if (!pdev || pci_pcie_type(pdev) != PCI_EXP_TYPE_ROOT_PORT) {
		pr_err("'%s': not a root port\n", text);
		pci_dev_put(pdev);
		return -ENODEV;
	}
	ports[port_count].pdev = pdev;
	ports[port_count].value = value;
	port_count++;
	add_bus(pdev->bus);
	return 0;
}

static int __init tph_lab_completer_init(void)
{
	char *text, *rest, *copy;
	int ret = 0, i;

	copy = kstrdup(completer ?: "", GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (!ret && (text = strsep(&rest, ",")))
		ret = add_port(text);
	kfree(copy);
	if (ret) {
		for (i = 0; i < port_count; i++)
			pci_dev_put(ports[i].pdev);
		return ret;
	}

	for (i = 0; i < bus_count; i++)
		pci_bus_set_ops(buses[i].bus, &buses[i].ops);
	return 0;
}
module_init(tph_lab_completer_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lab only: TPH completer bits for root ports");
