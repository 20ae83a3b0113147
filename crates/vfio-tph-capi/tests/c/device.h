/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What holds for a device with both modes and an ST table of 64 entries in its capability, below a
 * root port that takes 16-bit tags, whether a kernel or an emulated host serves it. */
#ifndef DEVICE_H
#define DEVICE_H

#include "check.h"

#define TABLE 64

static inline struct vfiotph_status status_of(struct vfiotph_device *device)
{
    struct vfiotph_status status = { sizeof(status), 9, 9, 9 };

    DONE(vfiotph_get_status(device, &status));
    CHECK(status.size == sizeof(status));
    return status;
}

static inline void it_is_off(struct vfiotph_device *device)
{
    struct vfiotph_status status = status_of(device);

    CHECK(status.interface == VFIOTPH_INTERFACE_IOCTL);
    CHECK(status.mode == 0 && status.tag_bits == 0);
}

static inline void it_can_do_what_it_can(struct vfiotph_device *device)
{
    struct {
        struct vfiotph_capability known;
        uint32_t later[2];
    } newer = { { sizeof(newer), 9, 9 }, { 9, 9 } };
    struct vfiotph_capability older = { sizeof(older) - 1, 9, 9 };

    DONE(vfiotph_get_capability(device, &newer.known));
    CHECK(newer.known.modes ==
          (VFIOTPH_MODE_INTERRUPT_VECTOR | VFIOTPH_MODE_DEVICE_SPECIFIC));
    CHECK(newer.known.table_entries == TABLE);
    CHECK(newer.later[0] == 0 && newer.later[1] == 0);
    REFUSED(vfiotph_get_capability(device, &older), EINVAL, "capability->size is 11", NULL);
    CHECK(older.modes == 9);
    older.size = 0xffffffff;
    REFUSED(vfiotph_get_capability(device, &older), EINVAL, "capability->size", NULL);
    REFUSED(vfiotph_get_capability(device, NULL), EINVAL, "capability is NULL", NULL);
    REFUSED(vfiotph_get_status(device, NULL), EINVAL, "status is NULL", NULL);
}

static inline void it_goes_on_once(struct vfiotph_device *device, uint32_t mode)
{
    struct vfiotph_status status;

    DONE(vfiotph_enable(device, mode));
    status = status_of(device);
    CHECK(status.mode == mode && status.tag_bits == 16);
    REFUSED(vfiotph_enable(device, mode), EBUSY, "TPH is enabled already", "Turn it off first");
    DONE(vfiotph_disable(device));
    DONE(vfiotph_disable(device));
    it_is_off(device);
}

static inline void what_is_no_mode_is_refused(struct vfiotph_device *device)
{
    static const uint32_t MODES[] = { 0, 3, 4, 0x100, 0xffffffff };
    size_t i;

    for (i = 0; i < COUNT(MODES); i++)
        REFUSED(vfiotph_enable(device, MODES[i]), EINVAL, "is no mode", "VFIOTPH_MODE_");
    it_is_off(device);
}

static inline void a_bad_batch_is_refused_whole(struct vfiotph_device *device)
{
    static struct vfiotph_entry many[VFIOTPH_MAX_ENTRIES + 1];
    struct vfiotph_entry batch[] = { { 0, 0, VFIOTPH_MEMORY_VOLATILE, 0 },
                                     { 1, 1, VFIOTPH_MEMORY_VOLATILE, 0 } };
    uint16_t index = TABLE;

    REFUSED(vfiotph_set_entries(device, batch, 2), EINVAL, "TPH is off", "online");
    DONE(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC));
    DONE(vfiotph_set_entries(device, NULL, 0));
    DONE(vfiotph_set_entries(device, batch, 2));
    batch[1].index = TABLE;
    REFUSED(vfiotph_set_entries(device, batch, 2), ENXIO,
            "entry 1 of the batch is for ST entry 64, and the table has 64", "indices");
    batch[1].index = 1;
    batch[1].memory = 2;
    REFUSED(vfiotph_set_entries(device, batch, 2), EINVAL, "entry 1 of the batch: 2 is no kind",
            "VFIOTPH_MEMORY_");
    batch[1].memory = VFIOTPH_MEMORY_VOLATILE;
    batch[1].reserved = 1;
    REFUSED(vfiotph_set_entries(device, batch, 2), EINVAL, "entry 1 of the batch: reserved", NULL);
    batch[1].reserved = 0;
    batch[1].cpu = 1000000;
    REFUSED(vfiotph_set_entries(device, batch, 2), EINVAL,
            "entry 1 of the batch is for CPU 1000000, which does not exist", "online");
    REFUSED(vfiotph_set_entries(device, many, COUNT(many)), EINVAL, "2049 entries in one call",
            NULL);
    REFUSED(vfiotph_set_entries(device, batch, SIZE_MAX / 2), EINVAL, "do not fit", NULL);
    REFUSED(vfiotph_set_entries(device, NULL, 1), EINVAL, "entries is NULL", NULL);
    REFUSED(vfiotph_clear_entries(device, &index, 1), ENXIO, "ST entry 64", "indices");
    REFUSED(vfiotph_clear_entries(device, NULL, 1), EINVAL, "indices is NULL", NULL);
    DONE(vfiotph_clear_entries(device, NULL, 0));
    batch[1].cpu = VFIOTPH_CPU_CLEAR;
    DONE(vfiotph_set_entries(device, batch, 2));
    index = 0;
    DONE(vfiotph_clear_entries(device, &index, 1));
    DONE(vfiotph_disable(device));
}

static inline void it_tells_what_entries_are_for(struct vfiotph_device *device)
{
    struct vfiotph_entry entry = { 0, 5, VFIOTPH_MEMORY_VOLATILE, 0 };
    struct vfiotph_entry_state found[] = { { 9, 4, 9, 9 }, { 9, 5, 9, 9 } };

    DONE(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC));
    DONE(vfiotph_set_entries(device, &entry, 1));
    DONE(vfiotph_get_entries(device, found, 2));
    CHECK(found[0].cpu == VFIOTPH_CPU_CLEAR && found[0].index == 4);
    CHECK(found[0].memory == 0 && found[0].state == 0);
    CHECK(found[1].cpu == 0 && found[1].index == 5);
    CHECK(found[1].memory == VFIOTPH_MEMORY_VOLATILE && found[1].state == VFIOTPH_ENTRY_IN_USE);
    DONE(vfiotph_get_entries(device, NULL, 0));
    found[0].index = TABLE;
    found[1].cpu = 9;
    REFUSED(vfiotph_get_entries(device, found, 2), ENXIO, "an index lies outside", "indices");
    CHECK(found[1].cpu == 9);
    REFUSED(vfiotph_get_entries(device, NULL, 1), EINVAL, "entries is NULL", NULL);
    DONE(vfiotph_disable(device));
    DONE(vfiotph_get_entries(device, found + 1, 1));
    CHECK(found[1].cpu == VFIOTPH_CPU_CLEAR && found[1].state == 0);
}

static inline void its_table_takes_the_tags(struct vfiotph_device *device)
{
    struct vfiotph_tag tag = { 0, VFIOTPH_MEMORY_VOLATILE, 7, 7 };

    DONE(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC));
    REFUSED(vfiotph_get_tags(device, &tag, 1), EOPNOTSUPP, "ST table that takes the tags",
            "enable_unsafe_tph_ds");
    CHECK(tag.bits == 7 && tag.tag == 7);
    DONE(vfiotph_disable(device));
}

/* As a driver does: it plans for the table that the device has, and sets what was planned. */
static inline void a_plan_goes_onto_it(struct vfiotph_device *device)
{
    struct vfiotph_capability capability = { sizeof(capability), 0, 0 };
    struct vfiotph_queue queues[] = { { 7, 0, VFIOTPH_ANY_ENTRY, VFIOTPH_MEMORY_VOLATILE, 0 },
                                      { 8, 0, TABLE - 1, VFIOTPH_MEMORY_VOLATILE, 0 } };
    struct vfiotph_plan_request request = { sizeof(request), 0, queues, COUNT(queues), NULL };
    struct vfiotph_entry_state state = { 9, TABLE - 1, 9, 9 };
    const struct vfiotph_planned_queue *planned;
    const struct vfiotph_entry *entries;
    struct vfiotph_plan *plan;
    int count;

    DONE(vfiotph_get_capability(device, &capability));
    request.table_entries = capability.table_entries;
    DONE(vfiotph_plan_new(&request, &plan));
    count = vfiotph_plan_entries(plan, &entries);
    CHECK(count == 2 && entries[1].index == TABLE - 1);
    DONE(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC));
    DONE(vfiotph_set_entries(device, entries, (size_t)count));
    CHECK(vfiotph_plan_queues(plan, &planned) == 2 && planned[0].number == 7);
    CHECK(planned[1].landing == VFIOTPH_LANDING_OWN && planned[1].entry == TABLE - 1);
    DONE(vfiotph_get_entries(device, &state, 1));
    CHECK(state.cpu == 0 && state.state == VFIOTPH_ENTRY_IN_USE);
    vfiotph_plan_free(plan);
    DONE(vfiotph_disable(device));
}

static inline void check_device(struct vfiotph_device *device)
{
    it_is_off(device);
    it_can_do_what_it_can(device);
    it_goes_on_once(device, VFIOTPH_MODE_INTERRUPT_VECTOR);
    it_goes_on_once(device, VFIOTPH_MODE_DEVICE_SPECIFIC);
    what_is_no_mode_is_refused(device);
    a_bad_batch_is_refused_whole(device);
    it_tells_what_entries_are_for(device);
    its_table_takes_the_tags(device);
    a_plan_goes_onto_it(device);
    it_is_off(device);
}

#endif
