/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * libvfiotph: steer the DMA of a VFIO device into the right cache.
 *
 * Written from crates/vfio-tph-capi (UPDATE_HEADER=1 cargo test -p vfio-tph-capi), not by hand.
 * docs/c-api.md has an example.
 *
 * Errors.  A function that returns int returns 0, or a negative errno value. Then
 * vfiotph_last_error() is a sentence that names the device, the step and the reason, and
 * vfiotph_last_advice() says what to do next. A call that fails changes nothing, unless its text
 * says otherwise.
 *
 *   -EINVAL           an argument makes no sense, or not in this state
 *   -EBADF            not an open file descriptor
 *   -ENOTTY           the file is no VFIO device, or the kernel does not serve TPH for it
 *   -EOPNOTSUPP       the device has no TPH, or this host does not allow what was asked; a dma-buf has
 *                     no tag of this width
 *   -EBUSY            TPH is on already; the device is open elsewhere
 *   -ENXIO            no such ST entry, or its MSI-X vector is not set up
 *   -ENODATA          the firmware names no such tag for a CPU
 *   -ENOENT           the device is not bound to a VFIO driver; a host does not tell its CPUs
 *   -ENODEV           there is no such device, it is gone, or the firmware names no tags; the memory
 *                     of a dma-buf is out of reach
 *   -ENOSPC           every place for tags is taken
 *   -EIO              a register or the firmware could not be reached
 *   -EACCES, -EPERM   this process may not
 *   -ENOTRECOVERABLE  a bug in this library; close the device
 *
 * Threads.  All functions may be called from any thread, for the same device too: calls take turns.
 * Only vfiotph_close() must be the last call for its device, vfiotph_tag_table_free() for its table,
 * vfiotph_tag_release() for its buffer, vfiotph_plan_free() for its plan. A plan never changes. The
 * texts of errors belong to the thread whose call failed.
 *
 * Structures that begin with "size" grow at their end: the caller sets size to sizeof, the library
 * fills what both sides know and makes the rest 0; of what it reads, fields that it does not know must
 * be 0. Those without it never change.
 */


#ifndef VFIOTPH_H
#define VFIOTPH_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this header, first number. While it is 0, a new second one may break with the old.
 */
#define VFIOTPH_VERSION_MAJOR 0

/**
 * The version of this header, second number.
 */
#define VFIOTPH_VERSION_MINOR 1

/**
 * The version of this header, third number.
 */
#define VFIOTPH_VERSION_PATCH 0

/**
 * Interrupt-vector mode: the tag of a request is the ST entry of its interrupt vector.
 */
#define VFIOTPH_MODE_INTERRUPT_VECTOR 1

/**
 * Device-specific mode: the device chooses the ST entry, or takes tags from registers of its own.
 */
#define VFIOTPH_MODE_DEVICE_SPECIFIC 2

/**
 * The data lies in volatile memory.
 */
#define VFIOTPH_MEMORY_VOLATILE 0

/**
 * The data lies in persistent memory.
 */
#define VFIOTPH_MEMORY_PERSISTENT 1

/**
 * As the CPU of an entry: the entry becomes 0.
 */
#define VFIOTPH_CPU_CLEAR 4294967295

/**
 * The most entries of one vfiotph_set_entries(): the largest ST table there can be.
 */
#define VFIOTPH_MAX_ENTRIES 2048

/**
 * The kernel's driver does not serve TPH for this device.
 */
#define VFIOTPH_INTERFACE_NONE 0

/**
 * The ioctl VFIO_DEVICE_PCI_TPH, as in "vfio/pci: Add PCIe TPH support" v3 to v8.
 */
#define VFIOTPH_INTERFACE_IOCTL 1

/**
 * The entry was given a tag, and nothing has taken it away.
 */
#define VFIOTPH_ENTRY_IN_USE 1

/**
 * Its CPU is offline or no longer there: the tag stays, and nobody uses the cache.
 */
#define VFIOTPH_ENTRY_CPU_OFFLINE 2

/**
 * Its CPU is online, and this process may not run on it now.
 */
#define VFIOTPH_ENTRY_CPU_NOT_PERMITTED 4

/**
 * In the flags of tags for peers: tag8 counts.
 */
#define VFIOTPH_PEER_TAG_8 1

/**
 * In the flags of tags for peers: tag16 counts.
 */
#define VFIOTPH_PEER_TAG_16 2

/**
 * Host and device both read and write the data.
 */
#define VFIOTPH_HINT_BIDIRECTIONAL 0

/**
 * Mostly the device that sends the request reads and writes it.
 */
#define VFIOTPH_HINT_REQUESTER 1

/**
 * Mostly the receiver reads and writes it.
 */
#define VFIOTPH_HINT_TARGET 2

/**
 * As VFIOTPH_HINT_TARGET, and it will be used again soon.
 */
#define VFIOTPH_HINT_TARGET_WITH_PRIORITY 3

/**
 * As the entry of a queue: any will do; none was left.
 */
#define VFIOTPH_ANY_ENTRY 65535

/**
 * The queue's entry holds the tag of its very CPU.
 */
#define VFIOTPH_LANDING_OWN 0

/**
 * The queue's entry holds the tag of another CPU, with which its CPU shares a cache.
 */
#define VFIOTPH_LANDING_SHARED 1

/**
 * The queue is tied to an entry that holds the tag of a CPU with which its CPU shares no cache.
 */
#define VFIOTPH_LANDING_ELSEWHERE 2

/**
 * No entry is left for the caches of the queue's CPU: its data goes to memory.
 */
#define VFIOTPH_LANDING_NOT_STEERED 3

/**
 * A place that a buffer's tag lies in.
 */
struct vfiotph_buffer_tag;

/**
 * A device whose TPH is used from C. Calls from several threads take turns.
 *
 * TPH that was turned on through it is turned off when it is dropped, and the entries that were
 * programmed through it are cleared.
 */
struct vfiotph_device;

/**
 * Which entry of the ST table gets which CPU, and which entry each queue gets. It never changes.
 */
struct vfiotph_plan;

/**
 * Which tags lie in which places of a device: a device has few, and many buffers. Buffers with the
 * same tag share a place.
 */
struct vfiotph_tag_table;

/**
 * What a device can do.
 */
struct vfiotph_capability {
    /**
     * In: sizeof(struct vfiotph_capability).
     */
    uint32_t size;
    /**
     * Out: the VFIOTPH_MODE_* bits of the modes that can be enabled.
     */
    uint32_t modes;
    /**
     * Out: entries of the ST table, 0 to 2048; 0 if there is none.
     */
    uint32_t table_entries;
};

/**
 * How things stand with a device.
 */
struct vfiotph_status {
    /**
     * In: sizeof(struct vfiotph_status).
     */
    uint32_t size;
    /**
     * Out: what the kernel serves for this device, one of VFIOTPH_INTERFACE_*.
     */
    uint32_t interface;
    /**
     * Out: the mode that TPH is on in, one of VFIOTPH_MODE_*; 0 if TPH is off.
     */
    uint32_t mode;
    /**
     * Out: the width of the tags that the device sends, 8 or 16 bits; 0 if TPH is off. Tags of 8
     * and of 16 bits are different namespaces.
     */
    uint32_t tag_bits;
};

/**
 * One entry of the ST table.
 */
struct vfiotph_entry {
    /**
     * Whose tag the entry gets: the kernel's number of a CPU; VFIOTPH_CPU_CLEAR for none.
     */
    uint32_t cpu;
    /**
     * Which entry, from 0.
     */
    uint16_t index;
    /**
     * Where the data lies, one of VFIOTPH_MEMORY_*.
     */
    uint8_t memory;
    /**
     * Must be 0.
     */
    uint8_t reserved;
};

/**
 * What an entry of the ST table is for now.
 */
struct vfiotph_entry_state {
    /**
     * Out: whose tag the entry was given: the kernel's number of a CPU; VFIOTPH_CPU_CLEAR if the
     * entry is not in use.
     */
    uint32_t cpu;
    /**
     * In: which entry, from 0.
     */
    uint16_t index;
    /**
     * Out: where the data lies, one of VFIOTPH_MEMORY_*; 0 if the entry is not in use.
     */
    uint8_t memory;
    /**
     * Out: VFIOTPH_ENTRY_* bits; 0 if the entry is not in use.
     */
    uint8_t state;
};

/**
 * The tag of a CPU.
 */
struct vfiotph_tag {
    /**
     * In: the kernel's number of a CPU.
     */
    uint32_t cpu;
    /**
     * In: where the data lies, one of VFIOTPH_MEMORY_*.
     */
    uint8_t memory;
    /**
     * Out: the width of the tag, 8 or 16 bits.
     */
    uint8_t bits;
    /**
     * Out: the tag. 0 is a tag like others.
     */
    uint16_t tag;
};

/**
 * A part of a BAR.
 */
struct vfiotph_range {
    /**
     * Where it starts, in bytes from the start of the BAR: whole pages.
     */
    uint64_t offset;
    /**
     * How long it is, in bytes: whole pages.
     */
    uint64_t length;
};

/**
 * The tags and the hint that a device gives its memory, for peers that write to it. Tags of 8 and of
 * 16 bits are different namespaces: who sends the ones never gets the other.
 */
struct vfiotph_peer_tags {
    /**
     * Which of the tags count, VFIOTPH_PEER_TAG_* bits; 0 for none.
     */
    uint32_t flags;
    /**
     * The tag for peers that send tags of 16 bits. 0 is a tag like others.
     */
    uint16_t tag16;
    /**
     * The tag for peers that send tags of 8 bits. 0 is a tag like others.
     */
    uint8_t tag8;
    /**
     * The hint that goes with either, one of VFIOTPH_HINT_*.
     */
    uint8_t hint;
};

/**
 * The tag and the hint for writes into a dma-buf.
 */
struct vfiotph_dma_buf_tag {
    /**
     * The tag. 0 is a tag like others.
     */
    uint16_t tag;
    /**
     * The width of the tag, 8 or 16 bits.
     */
    uint8_t bits;
    /**
     * The hint, one of VFIOTPH_HINT_*.
     */
    uint8_t hint;
};

/**
 * A queue of a device, and the CPU that reads what the device writes for it.
 */
struct vfiotph_queue {
    /**
     * In: its number, by which the driver knows it. No two have the same.
     */
    uint32_t number;
    /**
     * In: the kernel's number of the CPU that polls it, which is online.
     */
    uint32_t cpu;
    /**
     * In: the ST entry that the device ties it to (in interrupt-vector mode its MSI-X vector);
     * VFIOTPH_ANY_ENTRY if any will do.
     */
    uint16_t tied_to;
    /**
     * In: where its buffers lie, one of VFIOTPH_MEMORY_*.
     */
    uint8_t memory;
    /**
     * Must be 0.
     */
    uint8_t reserved;
};

/**
 * What is to be planned.
 */
struct vfiotph_plan_request {
    /**
     * In: sizeof(struct vfiotph_plan_request).
     */
    uint32_t size;
    /**
     * In: entries of the device's ST table, as vfiotph_get_capability() tells them; 0 to
     * VFIOTPH_MAX_ENTRIES.
     */
    uint32_t table_entries;
    /**
     * In: the queues.
     */
    const struct vfiotph_queue *queues;
    /**
     * In: how many queues there are.
     */
    size_t count;
    /**
     * In: NULL for this machine; or a folder with a copy of another one's files (its /sys in sys).
     */
    const char *host;
};

/**
 * A queue, and what a plan does for it.
 */
struct vfiotph_planned_queue {
    /**
     * Out: its number.
     */
    uint32_t number;
    /**
     * Out: whose tag its entry holds: the kernel's number of a CPU; VFIOTPH_CPU_CLEAR without one.
     */
    uint32_t cpu;
    /**
     * Out: the ST entry that the driver should give it; VFIOTPH_ANY_ENTRY if it gets none.
     */
    uint16_t entry;
    /**
     * Out: where its data lands, one of VFIOTPH_LANDING_*.
     */
    uint8_t landing;
    /**
     * Out: with VFIOTPH_LANDING_SHARED, the level of the closest cache that both CPUs share; else 0.
     */
    uint8_t level;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that runs: major << 16 | minor << 8 | patch. The header's is
 * VFIOTPH_VERSION_MAJOR and following; a library with the same soname has all that a header with
 * a lower version promises.
 */
uint32_t vfiotph_version(void);

/**
 * What was wrong with the last call of this thread that failed, as one sentence in UTF-8; empty
 * before the first. Never NULL; valid until the thread's next call that fails.
 */
const char *vfiotph_last_error(void);

/**
 * What to do about it, as one or more sentences; empty if nothing is known. Never NULL; valid as
 * long as vfiotph_last_error().
 */
const char *vfiotph_last_advice(void);

/**
 * Takes a VFIO device that is open already: what VFIO_GROUP_GET_DEVICE_FD returned, or an open
 * /dev/vfio/devices/vfioN. For drivers and VMMs, which have their device open anyway.
 *
 * @fd is duplicated; it stays yours. The device stays open until it is closed here too.
 * @name is how errors call the device, best its address; NULL for "fd N".
 * @device is where the device goes; NULL after an error.
 *
 * -EBADF, -ENOTTY for a file that is no VFIO device, -EINVAL for one that is no PCI function.
 */
int vfiotph_adopt(int fd,
                  const char *name,
                  struct vfiotph_device **device);

/**
 * Opens the VFIO device of a PCI function, with an IOMMU address space of its own. For tools: a
 * driver maps memory for DMA, so it opens its device itself and gives it to vfiotph_adopt().
 *
 * @address is the function's, as 0000:01:00.0 or 01:00.0.
 * @device is where the device goes; NULL after an error.
 *
 * -EINVAL for what is no address, -ENODEV if there is no such function, -ENOENT if it is not bound
 * to a VFIO driver, -EACCES without permission, -EBUSY if it is open elsewhere, and what else the
 * kernel answers.
 */
int vfiotph_open(const char *address,
                 struct vfiotph_device **device);

/**
 * The file descriptor of the device, to map regions or set up interrupts with. It belongs to the
 * library and is closed with the device.
 *
 * The descriptor, or -EINVAL.
 */
int vfiotph_fd(struct vfiotph_device *device);

/**
 * Gives the device back. Entries that were set through it are cleared, and TPH that was enabled
 * through it is turned off; vfiotph_disable() before says how that went. NULL does nothing.
 */
void vfiotph_close(struct vfiotph_device *device);

/**
 * What the device can do. Changes nothing.
 *
 * -ENOTTY if the kernel does not serve TPH for it, -EOPNOTSUPP if it has none, -EINVAL for a size
 * that is too small.
 */
int vfiotph_get_capability(struct vfiotph_device *device,
                           struct vfiotph_capability *capability);

/**
 * Which interface the kernel serves for the device, whether TPH is on, and how wide its tags are.
 * Works without the interface too: then it says so. Changes nothing.
 *
 * -EIO if configuration space cannot be read, -EINVAL for a size that is too small.
 */
int vfiotph_get_status(struct vfiotph_device *device,
                       struct vfiotph_status *status);

/**
 * Turns TPH on. The tags are as wide as the device and the root port above it allow.
 *
 * @mode is one of VFIOTPH_MODE_*.
 *
 * -EBUSY if it is on already, -EINVAL for a mode that the device does not have and below a root
 * port that takes no hints, -EOPNOTSUPP without TPH, and for device-specific mode without an ST
 * table unless the administrator allowed it; -ENOTTY, -ENODEV, -EIO.
 */
int vfiotph_enable(struct vfiotph_device *device,
                   uint32_t mode);

/**
 * Clears the entries that were set since vfiotph_enable() and turns TPH off. Off already is no
 * error. It is turned off even if the entries could not be cleared.
 *
 * -EOPNOTSUPP without TPH, -ENOTTY, -ENODEV, -EIO.
 */
int vfiotph_disable(struct vfiotph_device *device);

/**
 * Sets entries of the ST table, all or none, in one call of the kernel. Of an index that is given
 * twice the later entry counts.
 *
 * @entries are @count of them, at most VFIOTPH_MAX_ENTRIES; none is no call.
 *
 * Nothing has changed after -EINVAL (TPH is off; a CPU does not exist, is offline, has no ACPI UID,
 * or this process may not run on it; a field holds what it cannot), -ENXIO (no such entry, or its MSI-X vector is
 * not set up), -ENODATA (the firmware names no such tag), -EOPNOTSUPP (there is no ST table),
 * -ENOTTY. After -EIO or -ENODEV, which also come when writing failed half-way, either nothing has
 * changed, or all entries of this call are 0, or TPH is off as not even that could be written.
 */
int vfiotph_set_entries(struct vfiotph_device *device,
                        const struct vfiotph_entry *entries,
                        size_t count);

/**
 * Makes entries of the ST table 0, all or none.
 *
 * @indices are @count of them, at most VFIOTPH_MAX_ENTRIES; none is no call.
 *
 * As vfiotph_set_entries().
 */
int vfiotph_clear_entries(struct vfiotph_device *device,
                          const uint16_t *indices,
                          size_t count);

/**
 * What entries of the ST table were set for, and what became of their CPUs since: a CPU that goes
 * offline keeps its tag in the table until the entry is set anew. Also while TPH is off. Changes
 * nothing.
 *
 * @entries are @count of them, any number; index says which one, the rest is filled in. After an
 * error none of them has changed.
 *
 * -ENXIO for an index past the table, -EOPNOTSUPP if there is no ST table, -EINVAL from a kernel
 * that does not know the question; -ENOTTY.
 */
int vfiotph_get_entries(struct vfiotph_device *device,
                        struct vfiotph_entry_state *entries,
                        size_t count);

/**
 * The tags of CPUs, for a device whose own registers take them: without an ST table, in
 * device-specific mode, on a host whose administrator allows it.
 *
 * @tags are @count of them, any number; cpu and memory say what is wanted, tag and bits are filled
 * in. After an error none of them has changed.
 *
 * -EOPNOTSUPP if the device has an ST table, or the administrator does not allow it; -EINVAL if
 * TPH is not on in device-specific mode, a CPU does not exist, is offline, has no ACPI UID, or this
 * process may not run on it; -ENODATA, -ENODEV, -EIO, -ENOTTY.
 */
int vfiotph_get_tags(struct vfiotph_device *device,
                     struct vfiotph_tag *tags,
                     size_t count);

/**
 * Exports memory of the device as a dma-buf, for peers to write to. They reach it while the device
 * is open, not in reset, not in low power, and has its memory space on.
 *
 * @bar is which one, 0 to 5.
 * @ranges are @count parts of it, at least one, which follow each other in the dma-buf.
 *
 * The descriptor of the dma-buf, which is yours to hand on and to close; close-on-exec is set.
 * -ENOTTY where VFIO exports no dma-bufs (Linux 6.12), -EINVAL for no range and for one that is
 * not whole pages inside of the BAR, -ENODEV for no such BAR, -EOPNOTSUPP, -EMFILE.
 */
int vfiotph_export_dma_buf(struct vfiotph_device *device,
                           uint32_t bar,
                           const struct vfiotph_range *ranges,
                           size_t count);

/**
 * Whether dma-bufs of this device can have tags: the device takes hints on what it receives, and
 * the kernel and the driver do their part. Changes nothing.
 *
 * -EOPNOTSUPP if the device takes none, -ENOTTY if the kernel does not serve it.
 */
int vfiotph_probe_dma_buf_tags(struct vfiotph_device *device);

/**
 * Sets the tags and the hint that travel with a dma-buf of this device, in place of all that were
 * set before. Do it before anybody else has the descriptor: only who asks later sees it.
 *
 * @device is the one that exported the dma-buf, through whatever descriptor, and open since.
 * @dma_buf is a descriptor of the dma-buf.
 * @tags are of the device's own making: nobody else looks at them. No flags take back all.
 *
 * -EINVAL for a dma-buf that this device did not export since it was opened, for a hint or flags
 * that are none; -EOPNOTSUPP if the device takes no hints, or no tags of 16 bits; -EBADF, -EINTR,
 * -ENOMEM, -ENOTTY.
 */
int vfiotph_set_dma_buf_tags(struct vfiotph_device *device,
                             int dma_buf,
                             const struct vfiotph_peer_tags *tags);

/**
 * The tag and the hint for writes into a dma-buf, whoever exported it: its descriptor is enough.
 * They hold until the mapping of the buffer is invalidated; ask again when mapping it anew.
 * Whatever goes wrong here, the buffer can be used without.
 *
 * @device is any that the driver vfio_pci_tph has, best the one that will write.
 * @dma_buf is a descriptor of the dma-buf.
 * @bits is the width of the tags that the writing device sends, 8 or 16: tag_bits of its status.
 * Only a tag of that width is an answer.
 * @tag is filled in; after an error it has not changed.
 *
 * -EOPNOTSUPP if no tag of this width was set, -ENODEV if the memory is out of reach now, -EINVAL if
 * @dma_buf is no dma-buf, or @bits no width; -EBADF, -EINTR, -ENOTTY.
 */
int vfiotph_get_dma_buf_tag(struct vfiotph_device *device,
                            int dma_buf,
                            uint32_t bits,
                            struct vfiotph_dma_buf_tag *tag);

/**
 * For a driver whose device has places of its own for the tags of peers, fewer than it has buffers:
 * which tag lies in which place. Buffers with the same tag share one. (A device that takes the tag
 * itself with each buffer needs no table.)
 *
 * @places are how many it has; place 0 stands for "no tag", is never given out and never written.
 * @write makes the device send @tag for what names @place, and returns 0 or a negative errno. Any
 * thread that registers a buffer calls it, one at a time; it must not use this table.
 * @context is handed to @write, which is not called after vfiotph_tag_table_free().
 * @table is where the table goes; NULL after an error.
 *
 * -EINVAL without @write or @table.
 */
int vfiotph_tag_table_new(uint16_t places,
                          int (*write)(void *context, uint16_t place, uint16_t tag),
                          void *context,
                          struct vfiotph_tag_table **table);

/**
 * Takes a place for one more buffer with this tag; writes the tag if it is in none yet.
 *
 * @tag is what vfiotph_get_dma_buf_tag() answered; its hint is of no account here.
 * @buffer is where goes what vfiotph_tag_release() takes; NULL after an error, and then the buffer
 * goes without a tag: it is place 0, and no reason to fail.
 *
 * The place, 1 and up, which holds this tag until @buffer is given back. -ENOSPC if all places hold
 * other tags, what @write returned, -EINVAL for a tag that does not fit its width.
 */
int vfiotph_tag_register(struct vfiotph_tag_table *table,
                         const struct vfiotph_dma_buf_tag *tag,
                         struct vfiotph_buffer_tag **buffer);

/**
 * Gives the place of a buffer back, when the device has forgotten the buffer: from then on the
 * place may hold another tag. Also after its table was freed. NULL does nothing.
 */
void vfiotph_tag_release(struct vfiotph_buffer_tag *buffer);

/**
 * Writes all tags that are in use again: after a reset of the device, which has forgotten them.
 *
 * What @write returned first, where it failed.
 */
int vfiotph_tag_table_rewrite(struct vfiotph_tag_table *table);

/**
 * Gives a table back. Buffers keep their places. NULL does nothing.
 */
void vfiotph_tag_table_free(struct vfiotph_tag_table *table);

/**
 * Plans which ST entry gets which CPU, from queues and the CPUs that poll them. With fewer entries
 * than such CPUs, queues share one if their CPUs share a cache, the closest that suffices. The same
 * request on the same host gives the same plan. Touches no device.
 *
 * @request says for which table and which queues.
 * @plan is where the plan goes; NULL after an error.
 *
 * -EINVAL for a size that is too small, a table that is too large, a queue whose CPU is not online,
 * whose number another one has, which is tied to an entry past the table or with a queue in another
 * kind of memory; -ENOENT if the host does not tell its CPUs.
 */
int vfiotph_plan_new(const struct vfiotph_plan_request *request,
                     struct vfiotph_plan **plan);

/**
 * The entries that hold a tag, by index: what vfiotph_set_entries() takes.
 *
 * @entries is where their address goes; they belong to the plan and stay until it is freed.
 *
 * How many they are, or -EINVAL.
 */
int vfiotph_plan_entries(const struct vfiotph_plan *plan,
                         const struct vfiotph_entry **entries);

/**
 * What each queue gets, in the order of the request: which entry the driver should give it, and where
 * its data lands then.
 *
 * @queues is where their address goes; they belong to the plan and stay until it is freed.
 *
 * How many they are, or -EINVAL.
 */
int vfiotph_plan_queues(const struct vfiotph_plan *plan,
                        const struct vfiotph_planned_queue **queues);

/**
 * Gives a plan back, and its lists with it. What was set on a device stays set. NULL does nothing.
 */
void vfiotph_plan_free(struct vfiotph_plan *plan);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* VFIOTPH_H */
