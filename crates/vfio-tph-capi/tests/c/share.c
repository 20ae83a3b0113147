/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library on two devices that a kernel serves, in two processes:
 *
 *     share ACCELERATOR NIC TAG8 TAG16    the NIC's process prints bits, tag and hint that it gets
 *     share ACCELERATOR NIC               of a kernel whose VFIO exports no dma-bufs
 */
#include "peer.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Room for one descriptor, aligned as its head. */
union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message(struct iovec *data, union control *control)
{
    struct msghdr message;

    memset(&message, 0, sizeof(message));
    memset(control, 0, sizeof(*control));
    message.msg_iov = data;
    message.msg_iovlen = 1;
    message.msg_control = control->room;
    message.msg_controllen = sizeof(control->room);
    return message;
}

static void send_file(int socket, int file)
{
    char byte = '!';
    struct iovec data = { &byte, 1 };
    union control control;
    struct msghdr with = message(&data, &control);
    struct cmsghdr *head = CMSG_FIRSTHDR(&with);

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(file));
    memcpy(CMSG_DATA(head), &file, sizeof(file));
    CHECK(sendmsg(socket, &with, 0) == 1);
}

static int receive_file(int socket)
{
    char byte;
    struct iovec data = { &byte, 1 };
    union control control;
    struct msghdr with = message(&data, &control);
    struct cmsghdr *head;
    int file;

    CHECK(recvmsg(socket, &with, MSG_CMSG_CLOEXEC) == 1);
    head = CMSG_FIRSTHDR(&with);
    CHECK(head && head->cmsg_type == SCM_RIGHTS);
    memcpy(&file, CMSG_DATA(head), sizeof(file));
    return file;
}

static void tell(int socket)
{
    CHECK(write(socket, "!", 1) == 1);
}

static void wait_for_word(int socket)
{
    char byte;

    CHECK(read(socket, &byte, 1) == 1);
}

/* Has a device of its own, and of the other one the descriptor alone. */
static void nic(int socket, const char *address)
{
    struct vfiotph_status status = { sizeof(status), 0, 0, 0 };
    struct vfiotph_peer_tags tags = { VFIOTPH_PEER_TAG_8, 0, 1, 0 };
    struct vfiotph_dma_buf_tag tag = { 0, 0, 0 };
    int buffer = receive_file(socket);
    struct vfiotph_device *device;

    DONE(vfiotph_open(address, &device));
    DONE(vfiotph_enable(device, VFIOTPH_MODE_DEVICE_SPECIFIC));
    DONE(vfiotph_get_status(device, &status));
    DONE(vfiotph_get_dma_buf_tag(device, buffer, status.tag_bits, &tag));
    printf("%u %u %u\n", tag.bits, tag.tag, tag.hint);
    DONE(vfiotph_get_dma_buf_tag(device, buffer, 8, &tag));
    printf("%u %u %u\n", tag.bits, tag.tag, tag.hint);
    /* Its completer field is 00. */
    REFUSED(vfiotph_probe_dma_buf_tags(device), EOPNOTSUPP, "takes no hints", "");
    REFUSED(vfiotph_set_dma_buf_tags(device, buffer, &tags), EOPNOTSUPP, "takes no hints", "");
    tell(socket);
    wait_for_word(socket);
    REFUSED(vfiotph_get_dma_buf_tag(device, buffer, 8, &tag), ENODEV, "out of reach", "");
    vfiotph_close(device);
}

static void accelerator(int socket, struct vfiotph_device *device, char **words)
{
    struct vfiotph_peer_tags tags = { VFIOTPH_PEER_TAG_8 | VFIOTPH_PEER_TAG_16,
                                      (uint16_t)atoi(words[1]), (uint8_t)atoi(words[0]),
                                      VFIOTPH_HINT_TARGET };
    struct vfiotph_device *adopted;
    int buffer;

    check_accelerator(device);
    /* As a driver does that opened the device itself. */
    DONE(vfiotph_adopt(vfiotph_fd(device), "adopted", &adopted));
    check_accelerator(adopted);
    buffer = export_page(adopted);
    DONE(vfiotph_set_dma_buf_tags(adopted, buffer, &tags));
    send_file(socket, buffer);
    wait_for_word(socket);
    vfiotph_close(adopted);
    vfiotph_close(device);
    tell(socket);
}

static void none(struct vfiotph_device *device)
{
    struct vfiotph_range page = { 0, PAGE };

    REFUSED(vfiotph_export_dma_buf(device, MEMORY_BAR, &page, 1), ENOTTY, "exports no dma-bufs", "");
    REFUSED(vfiotph_probe_dma_buf_tags(device), ENOTTY, "exports no dma-bufs", "");
    vfiotph_close(device);
}

int main(int argc, char **argv)
{
    struct vfiotph_device *device;
    int sockets[2], status;
    pid_t child;

    CHECK(argc == 3 || argc == 5);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    child = argc == 5 ? fork() : 1;
    CHECK(child >= 0);
    if (child == 0) {
        close(sockets[1]);
        nic(sockets[0], argv[2]);
        return 0;
    }
    close(sockets[0]);
    DONE(vfiotph_open(argv[1], &device));
    if (argc == 3) {
        none(device);
        return 0;
    }
    accelerator(sockets[1], device, argv + 3);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    return 0;
}
