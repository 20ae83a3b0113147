/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boundary between the glue (C) and the rules (Rust, kernel/core).
 *
 * tph_core_*: the rules, called by the glue.
 * tph_host_*: facts and accesses, called by the rules while they run; the device
 *	       is the one the glue named in its call.
 *
 * Each declaration here has its twin in kernel/core/src.
 */
#ifndef VFIO_PCI_TPH_CORE_H
#define VFIO_PCI_TPH_CORE_H

#include <linux/types.h>

/* What the rules keep for a device: tph_core_size() bytes from kvmalloc(), some 9 KiB */
struct tph_core;
struct tph_host;

/* Bytes [start, end) of a request go back to the caller */
struct tph_reply {
	size_t start;
	size_t end;
};

/*
 * One evaluation of a _DSM: with a package of @count (0 or 3) @integers. Those of one
 * host bridge with the same @key have the same answer.
 */
struct tph_dsm_call {
	u8 guid[16];
	u64 key;
	u64 revision;
	u64 function;
	u32 count;
	u64 integers[3];
};

/* What a device has; modes and location as in its capability register */
struct tph_info {
	u8 modes;
	u8 location;
	u16 entries;
};

/* What its TPH is doing; mode: 0 off, else its number in the control register + 1 */
struct tph_status {
	u8 mode;
	u8 width;
	u16 in_use;
};

#define TPH_DSM_ANSWER_SIZE	8

enum tph_host_cpu_presence {
	TPH_HOST_CPU_ABSENT = 0,
	TPH_HOST_CPU_OFFLINE = 1,
	TPH_HOST_CPU_ONLINE = 2,
};

/*
 * All but the first two and tph_core_needed() want the device's lock held, see
 * vfio_pci_tph.h. They return 0 or a negative errno.
 */
size_t tph_core_size(void);
void tph_core_init(struct tph_core *core);
int tph_core_open(struct tph_core *core, struct tph_host *host);
int tph_core_close(struct tph_core *core, struct tph_host *host);
/* All MSI-X vectors are about to be freed */
int tph_core_release_vectors(struct tph_core *core, struct tph_host *host);
/* After a reset that somebody undid but for TPH */
int tph_core_restore(struct tph_core *core, struct tph_host *host);
/* After an error, where a reset may have been undone by nobody */
int tph_core_recover(struct tph_core *core, struct tph_host *host);
/* How many bytes of a request are needed, as far as its first @size tell */
ssize_t tph_core_needed(const u8 *request, size_t size);
int tph_core_ioctl(struct tph_core *core, struct tph_host *host,
		   u8 *request, size_t size, struct tph_reply *reply);

int tph_core_info(struct tph_host *host, struct tph_info *info);
void tph_core_status(const struct tph_core *core, struct tph_status *status);
/* These two may leave a question in @host->missed, and mean nothing then */
int tph_core_firmware(struct tph_host *host);
int tph_core_cpu_tag(struct tph_host *host, u32 cpu, u8 memory, u8 width, u16 *tag);

/*
 * These want no lock of the device. What is kept for a dma-buf is the rules' to read; 0 is
 * nothing.
 */
bool tph_core_feature_number_is_free(u32 number);
bool tph_core_is_dma_buf_tph(u32 flags, u32 number);
/* How many bytes of the payload are needed, 0 for a probe; @devcap2 of the device itself */
ssize_t tph_core_dma_buf_payload(u32 flags, size_t size, u32 devcap2);
int tph_core_dma_buf_set(struct tph_host *host, const u8 *payload, size_t size, u32 devcap2);
/* As tph_core_ioctl(), or 1 for another operation than DMA_BUF_GET */
int tph_core_dma_buf_get(struct tph_host *host, u8 *request, size_t size,
			 struct tph_reply *reply);
int tph_core_dma_buf_tag(u64 kept, u8 width, u16 *steering_tag, u8 *ph);

/* 0 or a negative errno; -ENODEV: the device does not answer */
int tph_host_read_config(struct tph_host *host, u16 offset, u32 *value);
int tph_host_write_config(struct tph_host *host, u16 offset, u32 value);
/*
 * The kernel's own TPH support, where it has one, see compat.h. Turning on fails if that
 * has the device on already; turning off never does
 */
bool tph_host_switched_off(struct tph_host *host);
int tph_host_turn_on(struct tph_host *host, u8 mode);
void tph_host_turn_off(struct tph_host *host);
/* Of a vector that is allocated; igate is held, see msix.c */
int tph_host_write_msix_tag(struct tph_host *host, u16 vector, u16 tag);
bool tph_host_msix_vector_allocated(struct tph_host *host, u16 vector);
/* -ENODEV: there is no root port */
int tph_host_root_port_devcap2(struct tph_host *host, u32 *value);
/*
 * Size of the answer, of which at most TPH_DSM_ANSWER_SIZE bytes are in @answer;
 * -ENODEV: there is no root port; -ENOENT: the host bridge is not in ACPI; -EAGAIN:
 * the answer is not known yet, see firmware.c
 */
int tph_host_evaluate_dsm(struct tph_host *host, const struct tph_dsm_call *call,
			  u8 *answer);
int tph_host_cpu_uid(u32 cpu, u32 *uid);
int tph_host_cpu_presence(u32 cpu);
bool tph_host_caller_may_run_on(u32 cpu);
bool tph_host_caller_may_place_threads(void);
bool tph_host_direct_tags_allowed(void);
/*
 * Of a dma-buf by the caller's descriptor: -EBADF, -EINVAL: it is none; -EINTR; -ENOTTY: there are
 * none on this kernel; -ENODEV: its memory is out of reach; -EXDEV: another device's; -ENOMEM
 */
int tph_host_dma_buf_hint(int fd, u64 *kept);
int tph_host_set_dma_buf_hint(struct tph_host *host, int fd, u64 kept);

#endif /* VFIO_PCI_TPH_CORE_H */
