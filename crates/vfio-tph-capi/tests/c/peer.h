/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What holds for a device with a page or more of memory in BAR 4 that takes tags of 8 and 16 bits,
 * whether a kernel or an emulated host serves it. */
#ifndef PEER_H
#define PEER_H

#include "check.h"

#define MEMORY_BAR 4
#define PAGE 0x1000
/* Open in no test. */
#define CLOSED 9999

static inline int export_page(struct vfiotph_device *device)
{
    struct vfiotph_range page = { 0, PAGE };
    int buffer = vfiotph_export_dma_buf(device, MEMORY_BAR, &page, 1);

    CHECK(buffer >= 0);
    return buffer;
}

static inline void the_tag_is(struct vfiotph_device *device, int buffer, uint8_t bits, uint16_t wanted,
                              uint8_t hint)
{
    struct vfiotph_dma_buf_tag tag = { 9, 9, 9 };

    DONE(vfiotph_get_dma_buf_tag(device, buffer, bits, &tag));
    CHECK(tag.tag == wanted && tag.bits == bits && tag.hint == hint);
}

static inline void there_is_no_tag(struct vfiotph_device *device, int buffer, uint32_t bits)
{
    struct vfiotph_dma_buf_tag tag = { 9, 9, 9 };

    REFUSED(vfiotph_get_dma_buf_tag(device, buffer, bits, &tag), EOPNOTSUPP,
            "nobody set a tag of this width", "");
    CHECK(tag.tag == 9 && tag.bits == 9 && tag.hint == 9);
}

static inline void bad_ranges_are_refused(struct vfiotph_device *device)
{
    struct vfiotph_range odd = { 1, PAGE }, far = { 1ull << 40, PAGE }, page = { 0, PAGE };

    REFUSED(vfiotph_export_dma_buf(device, MEMORY_BAR, &odd, 1), EINVAL,
            "exporting memory of BAR 4: EINVAL: each range must be whole pages", NULL);
    REFUSED(vfiotph_export_dma_buf(device, MEMORY_BAR, &far, 1), EINVAL, "inside of the BAR", NULL);
    REFUSED(vfiotph_export_dma_buf(device, MEMORY_BAR, NULL, 0), EINVAL, "there must be one", NULL);
    REFUSED(vfiotph_export_dma_buf(device, MEMORY_BAR, NULL, 1), EINVAL, "ranges is NULL", NULL);
    REFUSED(vfiotph_export_dma_buf(device, 7, &page, 1), ENODEV, "no such BAR", NULL);
}

static inline void each_width_has_its_own_tag(struct vfiotph_device *device)
{
    struct vfiotph_peer_tags tags = { VFIOTPH_PEER_TAG_8 | VFIOTPH_PEER_TAG_16, 0xbea5, 0xf0,
                                      VFIOTPH_HINT_TARGET };
    int buffer = export_page(device);

    there_is_no_tag(device, buffer, 8);
    DONE(vfiotph_set_dma_buf_tags(device, buffer, &tags));
    the_tag_is(device, buffer, 8, 0xf0, VFIOTPH_HINT_TARGET);
    the_tag_is(device, buffer, 16, 0xbea5, VFIOTPH_HINT_TARGET);
    tags.flags = VFIOTPH_PEER_TAG_16;
    tags.tag16 = 0;
    tags.hint = VFIOTPH_HINT_REQUESTER;
    DONE(vfiotph_set_dma_buf_tags(device, buffer, &tags));
    the_tag_is(device, buffer, 16, 0, VFIOTPH_HINT_REQUESTER);
    there_is_no_tag(device, buffer, 8);
    tags.flags = 0;
    DONE(vfiotph_set_dma_buf_tags(device, buffer, &tags));
    there_is_no_tag(device, buffer, 16);
}

static inline void bad_tags_are_refused(struct vfiotph_device *device)
{
    struct vfiotph_peer_tags tags = { VFIOTPH_PEER_TAG_8, 0, 1, VFIOTPH_HINT_TARGET };
    struct vfiotph_dma_buf_tag tag = { 9, 9, 9 };
    int buffer = export_page(device);

    REFUSED(vfiotph_set_dma_buf_tags(device, CLOSED, &tags), EBADF, "is not open", NULL);
    REFUSED(vfiotph_set_dma_buf_tags(device, buffer, NULL), EINVAL, "tags is NULL", NULL);
    DONE(vfiotph_set_dma_buf_tags(device, buffer, &tags));
    tags.tag8 = 2;
    tags.hint = 4;
    REFUSED(vfiotph_set_dma_buf_tags(device, buffer, &tags), EINVAL, "4 is no processing hint",
            "VFIOTPH_HINT_");
    tags.hint = VFIOTPH_HINT_TARGET;
    tags.flags = 4 | VFIOTPH_PEER_TAG_8;
    REFUSED(vfiotph_set_dma_buf_tags(device, buffer, &tags), EINVAL, "0x5 has flags",
            "VFIOTPH_PEER_TAG_");
    the_tag_is(device, buffer, 8, 1, VFIOTPH_HINT_TARGET);
    REFUSED(vfiotph_get_dma_buf_tag(device, CLOSED, 8, &tag), EBADF, "is not open", NULL);
    REFUSED(vfiotph_get_dma_buf_tag(device, buffer, 12, &tag), EINVAL, "tags of 12 bits", "tag_bits");
    REFUSED(vfiotph_get_dma_buf_tag(device, buffer, 8, NULL), EINVAL, "tag is NULL", NULL);
    CHECK(tag.tag == 9);
}

static inline void check_accelerator(struct vfiotph_device *device)
{
    DONE(vfiotph_probe_dma_buf_tags(device));
    bad_ranges_are_refused(device);
    each_width_has_its_own_tag(device);
    bad_tags_are_refused(device);
}

#endif
