/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A device's own places for tags: what a driver's function writes, and which buffer has which. */
#ifndef PLACES_H
#define PLACES_H

#include "check.h"

#define PLACES 3

struct registers {
    uint16_t tags[PLACES];
    int writes;
    /* What writing returns. */
    int outcome;
};

static inline int write_register(void *context, uint16_t place, uint16_t tag)
{
    struct registers *registers = (struct registers *)context;

    CHECK(place > 0 && place < PLACES);
    registers->writes++;
    if (registers->outcome == 0)
        registers->tags[place] = tag;
    return registers->outcome;
}

static inline void buffers_share_places_and_give_them_back(void)
{
    struct registers registers = { { 0, 0, 0 }, 0, 0 };
    struct vfiotph_dma_buf_tag one = { 0x51e0, 16, 0 }, two = { 0xf0, 8, 0 }, three = { 7, 16, 0 };
    struct vfiotph_buffer_tag *first, *again, *second, *none;
    struct vfiotph_tag_table *table;
    int place;

    DONE(vfiotph_tag_table_new(PLACES, write_register, &registers, &table));
    place = vfiotph_tag_register(table, &one, &first);
    CHECK(place > 0 && registers.tags[place] == 0x51e0);
    CHECK(vfiotph_tag_register(table, &one, &again) == place && registers.writes == 1);
    place = vfiotph_tag_register(table, &two, &second);
    CHECK(place > 0 && registers.tags[place] == 0xf0 && registers.writes == 2);
    REFUSED(vfiotph_tag_register(table, &three, &none), ENOSPC, "every place of the device", "cache");
    CHECK(none == NULL);
    /* After a reset of the device. */
    memset(registers.tags, 0, sizeof(registers.tags));
    DONE(vfiotph_tag_table_rewrite(table));
    CHECK(registers.tags[place] == 0xf0 && registers.writes == 4);
    /* The last buffer of a tag frees its place. */
    vfiotph_tag_release(first);
    REFUSED(vfiotph_tag_register(table, &three, &none), ENOSPC, "every place", "cache");
    vfiotph_tag_release(again);
    place = vfiotph_tag_register(table, &three, &first);
    CHECK(place > 0 && registers.tags[place] == 7);
    vfiotph_tag_release(first);
    vfiotph_tag_table_free(table);
    vfiotph_tag_release(second);
    vfiotph_tag_release(NULL);
    vfiotph_tag_table_free(NULL);
}

static inline void a_tag_that_cannot_be_written_takes_no_place(void)
{
    struct registers registers = { { 0, 0, 0 }, 0, -EBUSY };
    struct vfiotph_dma_buf_tag tag = { 1, 16, 0 };
    struct vfiotph_buffer_tag *buffer;
    struct vfiotph_tag_table *table;

    DONE(vfiotph_tag_table_new(PLACES, write_register, &registers, &table));
    REFUSED(vfiotph_tag_register(table, &tag, &buffer), EBUSY, "did not write the tag", "cache");
    registers.outcome = 1;
    REFUSED(vfiotph_tag_register(table, &tag, &buffer), EIO, "did not write the tag", "cache");
    CHECK(buffer == NULL);
    registers.outcome = 0;
    CHECK(vfiotph_tag_register(table, &tag, &buffer) > 0 && registers.writes == 3);
    registers.outcome = -ENODEV;
    REFUSED(vfiotph_tag_table_rewrite(table), ENODEV, "did not write a tag", NULL);
    vfiotph_tag_release(buffer);
    vfiotph_tag_table_free(table);
}

static inline void bad_places_and_tags_are_refused(void)
{
    struct registers registers = { { 0, 0, 0 }, 0, 0 };
    struct vfiotph_dma_buf_tag wide = { 0x100, 8, 0 }, odd = { 1, 9, 0 };
    struct vfiotph_buffer_tag *buffer;
    struct vfiotph_tag_table *table;

    REFUSED(vfiotph_tag_table_new(PLACES, NULL, NULL, &table), EINVAL, "write is NULL", NULL);
    CHECK(table == NULL);
    REFUSED(vfiotph_tag_table_new(PLACES, write_register, NULL, NULL), EINVAL, "table is NULL", NULL);
    DONE(vfiotph_tag_table_new(PLACES, write_register, &registers, &table));
    REFUSED(vfiotph_tag_register(table, &wide, &buffer), EINVAL, "0x100 is no tag of 8 bits",
            "vfiotph_get_dma_buf_tag");
    REFUSED(vfiotph_tag_register(table, &odd, &buffer), EINVAL, "no tag of 9 bits", "");
    REFUSED(vfiotph_tag_register(table, NULL, &buffer), EINVAL, "tag is NULL", NULL);
    REFUSED(vfiotph_tag_register(NULL, &wide, &buffer), EINVAL, "table is NULL", NULL);
    REFUSED(vfiotph_tag_register(table, &wide, NULL), EINVAL, "buffer is NULL", NULL);
    REFUSED(vfiotph_tag_table_rewrite(NULL), EINVAL, "table is NULL", NULL);
    CHECK(registers.writes == 0);
    vfiotph_tag_table_free(table);
}

static inline void check_places(void)
{
    buffers_share_places_and_give_them_back();
    a_tag_that_cannot_be_written_takes_no_place();
    bad_places_and_tags_are_refused();
}

#endif
