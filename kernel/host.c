// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the rules ask of the kernel: accesses to the device and its root port;
 * facts about CPUs and the caller. Nothing is decided here.
 */
#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "vfio_pci_tph.h"

int tph_host_read_config(struct tph_host *host, u16 offset, u32 *value)
{
	lockdep_assert_held(&host->lock);
	if (vfio_pci_tph_asleep(host->pdev))
		return -EIO;
	if (offset >= host->pdev->cfg_size) {
		/* A conventional device, or no way to its extended space: an empty list */
		*value = 0;
		return 0;
	}
	return pcibios_err_to_errno(pci_read_config_dword(host->pdev, offset, value));
}

int tph_host_write_config(struct tph_host *host, u16 offset, u32 value)
{
	lockdep_assert_held(&host->lock);
	if (vfio_pci_tph_asleep(host->pdev))
		return -EIO;
	return pcibios_err_to_errno(pci_write_config_dword(host->pdev, offset, value));
}

int tph_host_root_port_devcap2(struct tph_host *host, u32 *value)
{
	struct pci_dev *root_port = pcie_find_root_port(host->pdev);

	if (!root_port)
		return -ENODEV;
	/* -ENODEV would say that there is no root port */
	return pcie_capability_read_dword(root_port, PCI_EXP_DEVCAP2, value) ? -EIO : 0;
}

int tph_host_cpu_uid(u32 cpu, u32 *uid)
{
	if (cpu >= nr_cpu_ids || !cpu_possible(cpu))
		return -ENODEV;
	return tph_compat_cpu_uid(cpu, uid);
}

int tph_host_cpu_presence(u32 cpu)
{
	if (cpu >= nr_cpu_ids || !cpu_present(cpu))
		return TPH_HOST_CPU_ABSENT;
	return cpu_online(cpu) ? TPH_HOST_CPU_ONLINE : TPH_HOST_CPU_OFFLINE;
}

bool tph_host_caller_may_run_on(u32 cpu)
{
	struct task_struct *thread;
	bool found = false;

	if (cpu >= nr_cpu_ids)
		return false;

	rcu_read_lock();
	for_each_thread(current, thread) {
		/* cpus_mask, not cpus_ptr: migrate_disable() is not the user's will */
		found = cpumask_test_cpu(cpu, &thread->cpus_mask);
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

bool tph_host_caller_may_place_threads(void)
{
	return capable(CAP_SYS_NICE);
}

bool tph_host_direct_tags_allowed(void)
{
	return vfio_pci_tph_direct_tags;
}
