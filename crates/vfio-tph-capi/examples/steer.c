/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A driver for the lab's emulated NIC (docs/endpoint.md) that steers its queues: queue n is for the
 * n-th CPU.
 *
 *     steer GROUP ADDRESS CPU...            steer 7 0000:01:00.0 0 1 2 3
 *     cc steer.c $(pkg-config --cflags --libs vfiotph)
 *
 * What is of TPH in it is steer(); the rest is what every VFIO driver does.
 */
#include <vfiotph.h>

#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define QUEUES 8
#define LENGTH 4096
#define IOVA 0x100000
/* Registers of queue 0, as dwords of BAR 0, and those from one queue to the next. */
#define TARGET_LOW (0x1000 / 4)
#define NEXT_QUEUE (0x40 / 4)
enum { LENGTH_REGISTER = 2, STEERING = 3, VECTOR = 5, DOORBELL = 6, STATUS = 7 };
#define NO_VECTOR 0x80000000u

static void need(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

static int tph_failed(void)
{
    fprintf(stderr, "%s\n%s\n", vfiotph_last_error(), vfiotph_last_advice());
    return -1;
}

/* ST entry n gets the tag of the n-th CPU. */
static int steer(struct vfiotph_device *tph, char **cpus, size_t count)
{
    struct vfiotph_capability capability = { sizeof(capability), 0, 0 };
    struct vfiotph_entry entries[QUEUES];
    size_t n;

    if (vfiotph_get_capability(tph, &capability) < 0)
        return tph_failed();
    printf("%u ST entries\n", (unsigned)capability.table_entries);
    for (n = 0; n < count; n++) {
        entries[n].cpu = (uint32_t)atoi(cpus[n]);
        entries[n].index = (uint16_t)n;
        entries[n].memory = VFIOTPH_MEMORY_VOLATILE;
        entries[n].reserved = 0;
    }
    if (vfiotph_enable(tph, VFIOTPH_MODE_DEVICE_SPECIFIC) < 0 ||
        vfiotph_set_entries(tph, entries, count) < 0)
        return tph_failed();
    return 0;
}

/* The VFIO device at `address`; DMA to IOVA reaches `memory`. */
static int open_device(const char *group_number, const char *address, void *memory)
{
    struct vfio_group_status status = { .argsz = sizeof(status), .flags = 0 };
    struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map),
                                            .flags = VFIO_DMA_MAP_FLAG_READ |
                                                     VFIO_DMA_MAP_FLAG_WRITE,
                                            .vaddr = (uintptr_t)memory,
                                            .iova = IOVA,
                                            .size = QUEUES * LENGTH };
    int container = open("/dev/vfio/vfio", O_RDWR), group, device;
    char path[64];

    need(container >= 0, "/dev/vfio/vfio");
    snprintf(path, sizeof(path), "/dev/vfio/%s", group_number);
    group = open(path, O_RDWR);
    need(group >= 0, path);
    need(ioctl(group, VFIO_GROUP_GET_STATUS, &status) == 0 &&
             (status.flags & VFIO_GROUP_FLAGS_VIABLE), "the group is not viable");
    need(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) == 0, "VFIO_GROUP_SET_CONTAINER");
    need(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0, "VFIO_SET_IOMMU");
    need(ioctl(container, VFIO_IOMMU_MAP_DMA, &map) == 0, "VFIO_IOMMU_MAP_DMA");
    device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
    need(device >= 0, "VFIO_GROUP_GET_DEVICE_FD");
    return device;
}

/* The registers in BAR 0, with memory accesses and DMA on. */
static volatile uint32_t *map_registers(int device)
{
    struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };
    struct vfio_region_info config = { .argsz = sizeof(config),
                                       .index = VFIO_PCI_CONFIG_REGION_INDEX };
    const uint16_t command = 0x6;
    void *registers;

    need(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar) == 0, "BAR 0");
    need(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) == 0, "configuration space");
    need(pwrite(device, &command, 2, (off_t)config.offset + 4) == 2, "the command register");
    registers = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)bar.offset);
    need(registers != MAP_FAILED, "mapping BAR 0");
    return (volatile uint32_t *)registers;
}

/* Makes a queue write LENGTH bytes, with the tag of the ST entry of its number. */
static void ring(volatile uint32_t *registers, uint32_t queue)
{
    volatile uint32_t *block = registers + TARGET_LOW + queue * NEXT_QUEUE;

    block[0] = IOVA + queue * LENGTH;
    block[1] = 0;
    block[LENGTH_REGISTER] = LENGTH;
    block[VECTOR] = NO_VECTOR;
    block[STEERING] = queue;
    block[DOORBELL] = 1;
    need(block[STATUS] == 1, "a queue did not write");
}

int main(int argc, char **argv)
{
    size_t count = argc < 4 ? 0 : (size_t)argc - 3, n;
    struct vfiotph_device *tph;
    volatile uint32_t *registers;
    int device, failed;
    char *memory;

    need(count > 0 && count <= QUEUES, "usage: steer GROUP ADDRESS CPU...");
    memory = (char *)mmap(NULL, QUEUES * LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                          -1, 0);
    need(memory != MAP_FAILED, "memory for DMA");
    device = open_device(argv[1], argv[2], memory);
    registers = map_registers(device);
    if (vfiotph_adopt(device, argv[2], &tph) < 0)
        return tph_failed() != 0;
    failed = steer(tph, argv + 3, count);
    for (n = 0; n < count && !failed; n++) {
        ring(registers, (uint32_t)n);
        /* Each 8 bytes of data end in "TP". */
        need(memory[n * LENGTH + LENGTH - 1] == 'P', "the data did not arrive");
        printf("queue %zu wrote for CPU %s\n", n, argv[3 + n]);
    }
    /* Clears the entries and turns TPH off. */
    vfiotph_close(tph);
    return failed != 0;
}
