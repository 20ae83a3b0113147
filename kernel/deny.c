// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that vfio-pci does not hand to user space, because of errata that make
 * them a danger to the system: nor does this driver.
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "vfio_pci_tph.h"

static bool disable_denylist;
module_param(disable_denylist, bool, 0444);
MODULE_PARM_DESC(disable_denylist,
		 "Bind also to devices with errata that vfio-pci keeps from untrusted users");

static const struct pci_device_id denylist[] = {
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_DSA_SPR0) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_IAX_SPR0) },
	{}
};

/**
 * vfio_pci_tph_denylisted - may this device not be given to user space?
 * @pdev: the device
 */
bool vfio_pci_tph_denylisted(struct pci_dev *pdev)
{
	if (!pci_match_id(denylist, pdev))
		return false;
	pci_warn(pdev, "known errata, %s\n", disable_denylist ? "bound all the same" : "refused");
	return !disable_denylist;
}
