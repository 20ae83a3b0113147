/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library on devices of emulated hosts: emulated REPOSITORY. */
#include "device.h"
#include "peer.h"

#include <pthread.h>

#ifdef __cplusplus
extern "C" {
#endif
int vfiotph_emulated_open(const char *profile, const char *function, int direct_tags,
                          struct vfiotph_device **device);
int vfiotph_emulated_tag(const char *profile, uint32_t cpu, int persistent, int bits);
#ifdef __cplusplus
}
#endif

enum { TABLE_ONLY, DIRECT_TAGS };

static const char *repository;

static const char *profile(const char *name)
{
    static char path[4096];

    snprintf(path, sizeof(path), "%s/crates/%s.toml", repository, name);
    return path;
}

static struct vfiotph_device *device_of(const char *name, int direct_tags)
{
    struct vfiotph_device *device = NULL;

    CHECK(vfiotph_emulated_open(profile(name), NULL, direct_tags, &device) == 0);
    return device;
}

static struct vfiotph_device *accelerator(const char *name)
{
    struct vfiotph_device *device = NULL;
    const char *host = profile("tph-emu/tests/profiles/accelerators");

    CHECK(vfiotph_emulated_open(host, name, TABLE_ONLY, &device) == 0);
    return device;
}

static void a_device_with_a_table_does_all_that_it_should(void)
{
    struct vfiotph_device *device = device_of("tph-emu/profiles/demo", TABLE_ONLY);

    check_device(device);
    REFUSED(vfiotph_fd(device), ENOTTY, "has no file", NULL);
    /* Closed while on: valgrind sees what stays behind. */
    DONE(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC));
    vfiotph_close(device);
}

/* Tags of both kinds of memory, in more than one call of the kernel. */
static void tags_are(const char *name, int bits)
{
    enum { TAGS = 5000 };
    static const uint32_t CPUS[] = { 0, 1, 3 };
    int expected[2 * COUNT(CPUS)];
    struct vfiotph_device *device = device_of(name, DIRECT_TAGS);
    struct vfiotph_tag *tags = (struct vfiotph_tag *)calloc(TAGS, sizeof(*tags));
    size_t i;

    CHECK(tags);
    for (i = 0; i < TAGS; i++) {
        int persistent = i / COUNT(CPUS) % 2;

        tags[i].cpu = CPUS[i % COUNT(CPUS)];
        tags[i].memory = persistent ? VFIOTPH_MEMORY_PERSISTENT : VFIOTPH_MEMORY_VOLATILE;
        if (i < COUNT(expected))
            expected[i] = vfiotph_emulated_tag(profile(name), tags[i].cpu, persistent, bits);
    }
    REFUSED(vfiotph_get_tags(device, tags, TAGS), EINVAL, "TPH is not on", "online");
    DONE(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC));
    DONE(vfiotph_get_tags(device, NULL, 0));
    DONE(vfiotph_get_tags(device, tags, TAGS));
    for (i = 0; i < TAGS; i++) {
        CHECK(tags[i].bits == bits);
        CHECK(tags[i].tag == expected[i % COUNT(expected)]);
    }
    tags[TAGS - 1].memory = 9;
    REFUSED(vfiotph_get_tags(device, tags, TAGS), EINVAL, "entry 4999 of the batch: 9", "MEMORY");
    tags[TAGS - 1].memory = VFIOTPH_MEMORY_VOLATILE;
    tags[TAGS - 1].cpu = 2;
    memset(&tags[0].bits, 0, sizeof(tags[0].bits));
    REFUSED(vfiotph_get_tags(device, tags, TAGS), EINVAL, "asking for tags 4096 to 4999", "online");
    CHECK(tags[0].bits == 0);
    REFUSED(vfiotph_get_tags(device, NULL, 1), EINVAL, "tags is NULL", NULL);
    DONE(vfiotph_disable(device));
    vfiotph_close(device);
    free(tags);
}

static void tags_are_the_drivers_only_where_that_is_allowed(void)
{
    struct vfiotph_device *device = device_of("tph-emu/tests/profiles/no-table", TABLE_ONLY);

    REFUSED(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC), EOPNOTSUPP, "no ST table",
            "enable_unsafe_tph_ds=1");
    vfiotph_close(device);
}

static void narrow_tags_are_told_apart(void)
{
    struct vfiotph_device *device = device_of("tph-emu/tests/profiles/narrow", TABLE_ONLY);

    DONE(vfiotph_enable(device, VFIOTPH_MODE_INTERRUPT_VECTOR));
    CHECK(status_of(device).tag_bits == 8);
    vfiotph_close(device);
}

static void a_device_without_tph_says_so(void)
{
    struct vfiotph_device *device = device_of("tph-emu/tests/profiles/no-capability", TABLE_ONLY);
    struct vfiotph_capability capability = { sizeof(capability), 9, 9 };

    it_is_off(device);
    REFUSED(vfiotph_get_capability(device, &capability), EOPNOTSUPP, "no TPH Requester capability",
            "tph show");
    CHECK(capability.modes == 9);
    REFUSED(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC), EOPNOTSUPP, "no TPH", "");
    REFUSED(vfiotph_disable(device), EOPNOTSUPP, "no TPH", "tph show");
    vfiotph_close(device);
}

static void memory_is_shared_with_its_tags(void)
{
    struct vfiotph_device *device = accelerator("wide");

    check_accelerator(device);
    vfiotph_close(device);
}

static void tags_are_those_that_the_memory_takes(void)
{
    struct vfiotph_device *narrow = accelerator("narrow");
    struct vfiotph_device *none = accelerator("deaf");
    struct vfiotph_peer_tags tags = { VFIOTPH_PEER_TAG_16, 1, 0, VFIOTPH_HINT_TARGET };

    DONE(vfiotph_probe_dma_buf_tags(narrow));
    REFUSED(vfiotph_set_dma_buf_tags(narrow, CLOSED, &tags), EOPNOTSUPP, "no tags of 16 bits", "");
    REFUSED(vfiotph_probe_dma_buf_tags(none), EOPNOTSUPP, "takes no hints on what it receives", "");
    REFUSED(vfiotph_set_dma_buf_tags(none, CLOSED, &tags), EOPNOTSUPP, "takes no hints", "");
    vfiotph_close(none);
    vfiotph_close(narrow);
}

static void *program_one(void *device)
{
    struct vfiotph_entry entry = { 0, 5, VFIOTPH_MEMORY_VOLATILE, 0 };
    int i;

    for (i = 0; i < 50; i++) {
        entry.cpu = (uint32_t)i % 16;
        DONE(vfiotph_set_entries((struct vfiotph_device *)device, &entry, 1));
        CHECK(status_of((struct vfiotph_device *)device).tag_bits == 16);
    }
    return NULL;
}

static void threads_take_turns(void)
{
    struct vfiotph_device *device = device_of("tph-emu/profiles/demo", TABLE_ONLY);
    pthread_t threads[4];
    size_t i;

    DONE(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC));
    for (i = 0; i < COUNT(threads); i++)
        CHECK(pthread_create(&threads[i], NULL, program_one, device) == 0);
    for (i = 0; i < COUNT(threads); i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    vfiotph_close(device);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    repository = argv[1];
    a_device_with_a_table_does_all_that_it_should();
    tags_are("tph-emu/tests/profiles/no-table", 16);
    tags_are("vfio-tph-capi/tests/emulated/narrow-no-table", 8);
    tags_are_the_drivers_only_where_that_is_allowed();
    narrow_tags_are_told_apart();
    a_device_without_tph_says_so();
    memory_is_shared_with_its_tags();
    tags_are_those_that_the_memory_takes();
    threads_take_turns();
    return 0;
}
