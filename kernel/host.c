// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the rules ask of the kernel: accesses to the device, its root port and its
 * firmware; facts about CPUs and the caller. Nothing is decided here.
 */
#include <linux/acpi.h>
#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "vfio_pci_tph.h"

/* In D3 a device may take a write and forget it on the way back to D0 */
static bool asleep(struct pci_dev *pdev)
{
	return pdev->current_state == PCI_D3hot || pdev->current_state == PCI_D3cold;
}

int tph_host_read_config(struct vfio_pci_tph_device *tdev, u16 offset, u32 *value)
{
	lockdep_assert_held(&tdev->tph_lock);
	if (asleep(tdev->core.pdev))
		return -EIO;
	return pcibios_err_to_errno(pci_read_config_dword(tdev->core.pdev, offset, value));
}

int tph_host_write_config(struct vfio_pci_tph_device *tdev, u16 offset, u32 value)
{
	lockdep_assert_held(&tdev->tph_lock);
	if (asleep(tdev->core.pdev))
		return -EIO;
	return pcibios_err_to_errno(pci_write_config_dword(tdev->core.pdev, offset, value));
}

int tph_host_root_port_devcap2(struct vfio_pci_tph_device *tdev, u32 *value)
{
	struct pci_dev *root_port = pcie_find_root_port(tdev->core.pdev);

	if (!root_port)
		return -ENODEV;
	/* -ENODEV would say that there is no root port */
	return pcie_capability_read_dword(root_port, PCI_EXP_DEVCAP2, value) ? -EIO : 0;
}

/* Copies what an answer has of @answer's bytes; returns how many it has */
static int dsm_answer(const union acpi_object *object, const struct tph_dsm_call *call, u8 *answer)
{
	__le64 integer;

	if (object->type == ACPI_TYPE_BUFFER) {
		memcpy(answer, object->buffer.pointer,
		       min_t(u32, object->buffer.length, TPH_DSM_ANSWER_SIZE));
		return min_t(u32, object->buffer.length, INT_MAX);
	}
	/* Old firmware answers function 0 so; acpi_check_dsm() takes it too */
	if (object->type == ACPI_TYPE_INTEGER && !call->function) {
		integer = cpu_to_le64(object->integer.value);
		memcpy(answer, &integer, sizeof(integer));
		return sizeof(integer);
	}
	return -EIO;
}

int tph_host_evaluate_dsm(struct vfio_pci_tph_device *tdev, const struct tph_dsm_call *call,
			  u8 *answer)
{
	struct pci_dev *root_port = pcie_find_root_port(tdev->core.pdev);
	union acpi_object integers[ARRAY_SIZE(call->integers)] = {};
	union acpi_object package = { .type = ACPI_TYPE_PACKAGE };
	union acpi_object *object;
	acpi_handle handle;
	guid_t guid;
	int i, ret;

	if (!root_port || !root_port->bus->bridge)
		return -ENODEV;
	handle = ACPI_HANDLE(root_port->bus->bridge);
	if (!handle)
		return -ENOENT;

	for (i = 0; i < ARRAY_SIZE(integers); i++) {
		integers[i].integer.type = ACPI_TYPE_INTEGER;
		integers[i].integer.value = call->integers[i];
	}
	package.package.count = min_t(u32, call->count, ARRAY_SIZE(integers));
	package.package.elements = integers;

	import_guid(&guid, call->guid);
	object = acpi_evaluate_dsm(handle, &guid, call->revision, call->function, &package);
	if (!object)
		return -EIO;
	ret = dsm_answer(object, call, answer);
	ACPI_FREE(object);
	return ret;
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
