/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library on a device that a kernel serves, opened by its address:
 *
 *     kernel ADDRESS served        by the module, as device.h says
 *     kernel ADDRESS stock         by vfio-pci
 *     kernel ADDRESS tags CPU...   prints width and tag of each CPU
 */
#include "device.h"

#include <unistd.h>

static void served(struct vfiotph_device *device, const char *address)
{
    struct vfiotph_device *second = NULL, *adopted = NULL;
    int fd = vfiotph_fd(device);

    CHECK(fd >= 0);
    check_device(device);
    CHECK(vfiotph_open(address, &second) < 0 && second == NULL);

    /* The same file, as a driver has it that opened the device itself. */
    fd = dup(fd);
    DONE(vfiotph_adopt(fd, address, &adopted));
    close(fd);
    check_device(adopted);
    DONE(vfiotph_enable(adopted, VFIOTPH_MODE_DEVICE_SPECIFIC));
    CHECK(status_of(device).mode == VFIOTPH_MODE_DEVICE_SPECIFIC);
    REFUSED(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC), EBUSY, "enabled already", "");
    vfiotph_close(adopted);
    it_is_off(device);
}

static void stock(struct vfiotph_device *device)
{
    struct vfiotph_capability capability = { sizeof(capability), 9, 9 };

    CHECK(status_of(device).interface == VFIOTPH_INTERFACE_NONE);
    REFUSED(vfiotph_get_capability(device, &capability), ENOTTY, "does not offer TPH", "tph bind");
    REFUSED(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC), ENOTTY, "does not offer",
            "tph bind");
}

static void tags(struct vfiotph_device *device, char **cpus, int count)
{
    struct vfiotph_tag *tags = (struct vfiotph_tag *)calloc((size_t)count, sizeof(*tags));
    int i;

    CHECK(tags);
    for (i = 0; i < count; i++)
        tags[i].cpu = (uint32_t)atoi(cpus[i]);
    DONE(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC));
    DONE(vfiotph_get_tags(device, tags, (size_t)count));
    for (i = 0; i < count; i++)
        printf("%u %u\n", tags[i].bits, tags[i].tag);
    free(tags);
}

int main(int argc, char **argv)
{
    struct vfiotph_device *device;

    CHECK(argc > 2);
    DONE(vfiotph_open(argv[1], &device));
    if (strcmp(argv[2], "served") == 0)
        served(device, argv[1]);
    else if (strcmp(argv[2], "stock") == 0)
        stock(device);
    else
        tags(device, argv + 3, argc - 3);
    vfiotph_close(device);
    return 0;
}
