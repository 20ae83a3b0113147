/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What no device is needed for: bad arguments get a number, a text and advice, and never crash. */
#include "places.h"
#include "plan.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* A pointer that is no device but is not NULL either, to see that it is cleared. */
static struct vfiotph_device *const GARBAGE = (struct vfiotph_device *)(uintptr_t)64;

static void nothing_has_failed_yet(void)
{
    CHECK(vfiotph_last_error()[0] == '\0');
    CHECK(vfiotph_last_advice()[0] == '\0');
}

static void the_library_is_that_of_the_header(void)
{
    CHECK(vfiotph_version() ==
          (VFIOTPH_VERSION_MAJOR << 16 | VFIOTPH_VERSION_MINOR << 8 | VFIOTPH_VERSION_PATCH));
}

static void a_descriptor_that_is_no_device_is_refused(void)
{
    struct vfiotph_device *device = GARBAGE;
    int pipes[2];
    int fd = open("/dev/null", O_RDWR);

    CHECK(fd >= 0 && pipe(pipes) == 0);
    REFUSED(vfiotph_adopt(fd, "nic", &device), ENOTTY,
            "nic: adopting the device: ENOTTY: the file is no VFIO device",
            "VFIO_GROUP_GET_DEVICE_FD");
    CHECK(device == NULL);
    REFUSED(vfiotph_adopt(pipes[0], "nic", &device), ENOTTY, "no VFIO device", "VFIO");
    REFUSED(vfiotph_adopt(fd, NULL, &device), ENOTTY, "fd ", "VFIO");
    REFUSED(vfiotph_adopt(fd, "\xff\xfe", &device), ENOTTY, "no VFIO device", "VFIO");
    close(pipes[0]);
    close(pipes[1]);
    close(fd);
    device = GARBAGE;
    REFUSED(vfiotph_adopt(fd, "nic", &device), EBADF, "not open", "VFIO");
    CHECK(device == NULL);
    REFUSED(vfiotph_adopt(-1, "nic", &device), EBADF, "-1 is no descriptor", NULL);
    REFUSED(vfiotph_adopt(-2147483647 - 1, "nic", &device), EBADF, "no descriptor", NULL);
    REFUSED(vfiotph_adopt(2147483647, "nic", &device), EBADF, "not open", "VFIO");
    REFUSED(vfiotph_adopt(0, "nic", NULL), EINVAL, "device is NULL", NULL);
}

static void an_address_without_a_device_is_refused(void)
{
    struct vfiotph_device *device = GARBAGE;

    REFUSED(vfiotph_open("eth0", &device), EINVAL, "\"eth0\" is no PCI address", "0000:01:00.0");
    CHECK(device == NULL);
    REFUSED(vfiotph_open("", &device), EINVAL, "is no PCI address", "0000:01:00.0");
    REFUSED(vfiotph_open("fffe:ff:1f.7", &device), ENODEV, "fffe:ff:1f.7: no such PCI function",
            "tph list");
    REFUSED(vfiotph_open(NULL, &device), EINVAL, "address is NULL", NULL);
    REFUSED(vfiotph_open("01:00.0", NULL), EINVAL, "device is NULL", NULL);
}

static void no_device_is_refused_everywhere(void)
{
    struct vfiotph_capability capability = { sizeof(capability), 0, 0 };
    struct vfiotph_status status = { sizeof(status), 0, 0, 0 };
    struct vfiotph_entry entry = { 0, 0, 0, 0 };
    struct vfiotph_tag tag = { 0, 0, 0, 0 };
    struct vfiotph_entry_state state = { 0, 0, 0, 0 };
    struct vfiotph_range range = { 0, 0x1000 };
    struct vfiotph_peer_tags tags = { 0, 0, 0, 0 };
    struct vfiotph_dma_buf_tag found = { 0, 0, 0 };
    uint16_t index = 0;

    REFUSED(vfiotph_fd(NULL), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_get_capability(NULL, &capability), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_get_status(NULL, &status), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_enable(NULL, 1), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_disable(NULL), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_set_entries(NULL, &entry, 1), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_clear_entries(NULL, &index, 1), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_get_tags(NULL, &tag, 1), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_get_entries(NULL, &state, 1), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_export_dma_buf(NULL, 0, &range, 1), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_probe_dma_buf_tags(NULL), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_set_dma_buf_tags(NULL, 0, &tags), EINVAL, "device is NULL", NULL);
    REFUSED(vfiotph_get_dma_buf_tag(NULL, 0, 8, &found), EINVAL, "device is NULL", NULL);
    vfiotph_close(NULL);
}

static void *fail_elsewhere(void *unused)
{
    (void)unused;
    nothing_has_failed_yet();
    REFUSED(vfiotph_enable(NULL, 1), EINVAL, "device is NULL", NULL);
    return NULL;
}

static void a_thread_has_its_own_text(void)
{
    struct vfiotph_device *device;
    pthread_t thread;

    REFUSED(vfiotph_open("eth0", &device), EINVAL, "eth0", "0000:01:00.0");
    CHECK(pthread_create(&thread, NULL, fail_elsewhere, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(strstr(vfiotph_last_error(), "eth0"));
}

static void a_text_stays_until_the_next_failure(void)
{
    struct vfiotph_device *device;
    const char *text;

    REFUSED(vfiotph_open("eth0", &device), EINVAL, "eth0", "0000:01:00.0");
    text = vfiotph_last_error();
    vfiotph_close(NULL);
    CHECK(vfiotph_version() != 0 && strstr(text, "eth0"));
}

int main(void)
{
    nothing_has_failed_yet();
    the_library_is_that_of_the_header();
    a_descriptor_that_is_no_device_is_refused();
    an_address_without_a_device_is_refused();
    no_device_is_refused_everywhere();
    a_thread_has_its_own_text();
    a_text_stays_until_the_next_failure();
    check_places();
    check_plans();
    return 0;
}
