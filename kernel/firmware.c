// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware's answers: the host bridge's _DSM, evaluated once for each call and
 * shared by the devices below the bridge.
 *
 * The rules find answers here and never wait for firmware: where one is missing they
 * give up, the glue asks for it without a lock of the device, and they start again.
 * A method may run for long, and memory_lock is what page faults of the user's BARs,
 * resets and writes to the command register wait for.
 *
 * An answer counts until a CPU comes or goes; one that is a failure, only once.
 */
#include <linux/acpi.h>
#include <linux/atomic.h>
#include <linux/cpuhotplug.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "vfio_pci_tph.h"

/* A host bridge below which @users devices are bound */
struct tph_firmware {
	struct list_head list;
	unsigned int users;
	acpi_handle handle;
	struct mutex asking;		/* one evaluation at a time, none twice */
	struct xarray answers;		/* by key; read and replaced under its lock */
};

struct answer {
	int cpu_changes;		/* when the question was put */
	int size;			/* of the answer, or a negative errno */
	u8 bytes[TPH_DSM_ANSWER_SIZE];
};

atomic_long_t vfio_pci_tph_evaluations;

static DEFINE_MUTEX(bridges_lock);	/* guards the list and the users */
static LIST_HEAD(bridges);
static atomic_t cpu_changes;
static int hotplug_state;

/**
 * tph_firmware_get - the firmware above a device
 * @pdev: the device
 *
 * Return: what tph_firmware_put() takes, or an error pointer: -ENODEV without a root
 * port, -ENOENT if the host bridge is not in ACPI, -ENOMEM
 */
struct tph_firmware *tph_firmware_get(struct pci_dev *pdev)
{
	struct pci_dev *root_port = pcie_find_root_port(pdev);
	struct tph_firmware *firmware;
	acpi_handle handle;

	if (!root_port || !root_port->bus->bridge)
		return ERR_PTR(-ENODEV);
	handle = ACPI_HANDLE(root_port->bus->bridge);
	if (!handle)
		return ERR_PTR(-ENOENT);

	guard(mutex)(&bridges_lock);
	list_for_each_entry(firmware, &bridges, list) {
		if (firmware->handle == handle) {
			firmware->users++;
			return firmware;
		}
	}
	firmware = kzalloc(sizeof(*firmware), GFP_KERNEL);
	if (!firmware)
		return ERR_PTR(-ENOMEM);
	firmware->users = 1;
	firmware->handle = handle;
	mutex_init(&firmware->asking);
	xa_init(&firmware->answers);
	list_add(&firmware->list, &bridges);
	return firmware;
}

/**
 * tph_firmware_put - the opposite of tph_firmware_get()
 * @firmware: what that returned, error or not
 */
void tph_firmware_put(struct tph_firmware *firmware)
{
	struct answer *answer;
	unsigned long key;

	if (IS_ERR_OR_NULL(firmware))
		return;
	guard(mutex)(&bridges_lock);
	if (--firmware->users)
		return;
	list_del(&firmware->list);
	xa_for_each(&firmware->answers, key, answer)
		kfree(answer);
	xa_destroy(&firmware->answers);
	mutex_destroy(&firmware->asking);
	kfree(firmware);
}

/* What is known: its size or a negative errno; -EAGAIN if nothing is */
static int find(struct tph_firmware *firmware, u64 key, u8 *bytes)
{
	struct answer *answer, *used_up = NULL;
	int ret = -EAGAIN;

	xa_lock(&firmware->answers);
	answer = xa_load(&firmware->answers, key);
	if (answer && answer->cpu_changes == atomic_read(&cpu_changes)) {
		ret = answer->size;
		memcpy(bytes, answer->bytes, sizeof(answer->bytes));
		if (ret < 0)
			used_up = __xa_erase(&firmware->answers, key);
	}
	xa_unlock(&firmware->answers);
	kfree(used_up);
	return ret;
}

/* Copies what an answer has of @bytes; returns how many it has */
static int read_answer(const union acpi_object *object, const struct tph_dsm_call *call, u8 *bytes)
{
	__le64 integer;

	if (object->type == ACPI_TYPE_BUFFER) {
		memcpy(bytes, object->buffer.pointer,
		       min_t(u32, object->buffer.length, TPH_DSM_ANSWER_SIZE));
		return min_t(u32, object->buffer.length, INT_MAX);
	}
	/* Old firmware answers function 0 so; acpi_check_dsm() takes it too */
	if (object->type == ACPI_TYPE_INTEGER && !call->function) {
		integer = cpu_to_le64(object->integer.value);
		memcpy(bytes, &integer, sizeof(integer));
		return sizeof(integer);
	}
	return -EIO;
}

static int evaluate(acpi_handle handle, const struct tph_dsm_call *call, u8 *bytes)
{
	union acpi_object integers[ARRAY_SIZE(call->integers)] = {};
	union acpi_object package = { .type = ACPI_TYPE_PACKAGE };
	union acpi_object *object;
	guid_t guid;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(integers); i++) {
		integers[i].integer.type = ACPI_TYPE_INTEGER;
		integers[i].integer.value = call->integers[i];
	}
	package.package.count = min_t(u32, call->count, ARRAY_SIZE(integers));
	package.package.elements = integers;

	import_guid(&guid, call->guid);
	atomic_long_inc(&vfio_pci_tph_evaluations);
	object = acpi_evaluate_dsm(handle, &guid, call->revision, call->function, &package);
	if (!object)
		return -EIO;
	ret = read_answer(object, call, bytes);
	ACPI_FREE(object);
	return ret;
}

/*
 * Has an answer ready for the rules. 0 also if the method failed, which the rules will
 * find; -EINTR if the caller is to die, -ENOMEM
 */
static int ask(struct tph_firmware *firmware, const struct tph_dsm_call *call)
{
	struct answer answer = { .cpu_changes = atomic_read(&cpu_changes) };
	struct answer *kept, *old;

	if (fatal_signal_pending(current))
		return -EINTR;

	guard(mutex)(&firmware->asking);
	if (find(firmware, call->key, answer.bytes) >= 0)
		return 0;
	answer.size = evaluate(firmware->handle, call, answer.bytes);
	kept = kmemdup(&answer, sizeof(answer), GFP_KERNEL);
	if (!kept)
		return -ENOMEM;
	old = xa_store(&firmware->answers, call->key, kept, GFP_KERNEL);
	kfree(xa_is_err(old) ? kept : old);
	return xa_err(old);
}

int tph_host_evaluate_dsm(struct tph_host *host, const struct tph_dsm_call *call, u8 *answer)
{
	int ret;

	lockdep_assert_held(&host->lock);
	if (IS_ERR(host->firmware))
		return PTR_ERR(host->firmware);
	ret = find(host->firmware, call->key, answer);
	if (ret == -EAGAIN && host->missed) {
		*host->missed = *call;
		host->missed = NULL;
	}
	return ret;
}

/**
 * tph_firmware_run - run rules until firmware has answered all they ask
 * @host: a device; none of its locks is held
 * @rules: what to run, with all of them held; it changes nothing before it has all answers
 * @arg: what it gets
 *
 * Return: what the last run returned; -EINTR if the caller is to die, -ENOMEM
 */
int tph_firmware_run(struct tph_host *host, int (*rules)(struct tph_host *host, void *arg),
		     void *arg)
{
	struct tph_dsm_call missed;
	bool again;
	int ret;

	do {
		if (host->tdev)
			vfio_pci_tph_lock(host->tdev);
		else
			mutex_lock(&host->lock);
		host->missed = &missed;
		ret = rules(host, arg);
		again = !host->missed;
		host->missed = NULL;
		if (host->tdev)
			vfio_pci_tph_unlock(host->tdev);
		else
			mutex_unlock(&host->lock);
		if (again)
			ret = ask(host->firmware, &missed);
	} while (again && !ret);
	return ret;
}

static int cpu_changed(unsigned int cpu)
{
	atomic_inc(&cpu_changes);
	return 0;
}

int __init tph_firmware_init(void)
{
	hotplug_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "vfio/pci_tph:online",
						  cpu_changed, cpu_changed);
	return min(hotplug_state, 0);
}

void tph_firmware_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
}
