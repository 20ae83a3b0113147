/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plans for a host of six CPUs: 0 to 3 share an L3, 4 and 5 another one, 5 is offline. */
#ifndef PLAN_H
#define PLAN_H

#include "check.h"

#include <pthread.h>
#include <sys/stat.h>

static char host[128];

/* A file of the host, and the folders above it. */
static inline void its_file(const char *name, const char *text)
{
    char path[320], *slash;
    FILE *file;

    snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/%s", host, name);
    for (slash = strchr(path + strlen(host), '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* At the end, also at that of a test that fails. */
static inline void remove_host(void)
{
    char command[160];

    snprintf(command, sizeof(command), "rm -r '%s'", host);
    if (system(command) != 0)
        fprintf(stderr, "%s stays\n", host);
}

static inline void make_host(void)
{
    const char *folder = getenv("TMPDIR");
    char name[64];
    int cpu, length;

    length = snprintf(host, sizeof(host), "%s/vfiotph-host-\xff-XXXXXX",
                      folder && *folder ? folder : "/tmp");
    CHECK(length > 0 && length < (int)sizeof(host));
    CHECK(mkdtemp(host));
    CHECK(atexit(remove_host) == 0);
    its_file("present", "0-5\n");
    its_file("online", "0-4\n");
    for (cpu = 0; cpu < 5; cpu++) {
        snprintf(name, sizeof(name), "cpu%d/cache/index0/level", cpu);
        its_file(name, "3\n");
        snprintf(name, sizeof(name), "cpu%d/cache/index0/type", cpu);
        its_file(name, "Unified\n");
        snprintf(name, sizeof(name), "cpu%d/cache/index0/shared_cpu_list", cpu);
        its_file(name, cpu < 4 ? "0-3\n" : "4\n");
    }
}

#define FREE(number, cpu) { number, cpu, VFIOTPH_ANY_ENTRY, VFIOTPH_MEMORY_VOLATILE, 0 }
#define TIED(number, cpu, entry) { number, cpu, entry, VFIOTPH_MEMORY_VOLATILE, 0 }

static inline struct vfiotph_plan_request request_of(uint32_t entries,
                                                     const struct vfiotph_queue *queues,
                                                     size_t count)
{
    struct vfiotph_plan_request request = { sizeof(request), entries, queues, count, host };

    return request;
}

static inline void queues_share_entries_as_their_cpus_share_caches(void)
{
    static const struct vfiotph_queue QUEUES[] = { FREE(10, 0), FREE(11, 1), FREE(12, 1),
                                                   FREE(13, 4), TIED(14, 4, 2), TIED(15, 0, 2),
                                                   TIED(16, 4, 2) };
    struct vfiotph_plan_request request = request_of(3, QUEUES, COUNT(QUEUES));
    const struct vfiotph_planned_queue *queues;
    const struct vfiotph_entry *entries;
    struct vfiotph_plan *plan;

    DONE(vfiotph_plan_new(&request, &plan));
    CHECK(vfiotph_plan_entries(plan, &entries) == 3);
    CHECK(entries[0].index == 0 && entries[0].cpu == 1);
    CHECK(entries[1].index == 1 && entries[1].cpu == 4);
    CHECK(entries[2].index == 2 && entries[2].cpu == 4 && entries[2].reserved == 0);
    CHECK(vfiotph_plan_queues(plan, &queues) == (int)COUNT(QUEUES));
    CHECK(queues[0].number == 10 && queues[0].entry == 0 && queues[0].cpu == 1);
    CHECK(queues[0].landing == VFIOTPH_LANDING_SHARED && queues[0].level == 3);
    CHECK(queues[1].landing == VFIOTPH_LANDING_OWN && queues[1].cpu == 1);
    CHECK(queues[1].level == 0 && queues[2].entry == queues[1].entry);
    CHECK(queues[3].landing == VFIOTPH_LANDING_OWN && queues[3].entry == 1);
    CHECK(queues[5].landing == VFIOTPH_LANDING_ELSEWHERE && queues[5].cpu == 4);
    CHECK(queues[5].entry == 2);
    vfiotph_plan_free(plan);
}

static inline void without_an_entry_a_queue_is_not_steered(void)
{
    static const struct vfiotph_queue QUEUES[] = { FREE(0, 3) };
    struct vfiotph_plan_request request = request_of(0, QUEUES, COUNT(QUEUES));
    const struct vfiotph_planned_queue *queues;
    const struct vfiotph_entry *entries;
    struct vfiotph_plan *plan;

    DONE(vfiotph_plan_new(&request, &plan));
    CHECK(vfiotph_plan_entries(plan, &entries) == 0);
    CHECK(vfiotph_plan_queues(plan, &queues) == 1);
    CHECK(queues[0].landing == VFIOTPH_LANDING_NOT_STEERED);
    CHECK(queues[0].cpu == VFIOTPH_CPU_CLEAR && queues[0].entry == VFIOTPH_ANY_ENTRY);
    vfiotph_plan_free(plan);
    request.count = 0;
    request.queues = NULL;
    DONE(vfiotph_plan_new(&request, &plan));
    CHECK(vfiotph_plan_queues(plan, &queues) == 0);
    vfiotph_plan_free(plan);
}

/* One field wrong at a time: no plan, and a text that names the queue. */
static inline void queues_that_make_no_sense_are_refused(void)
{
    static const struct {
        struct vfiotph_queue queues[2];
        const char *why;
    } BAD[] = {
        { { FREE(0, 0), FREE(1, 5) }, "queue 1: CPU 5 is not online" },
        { { FREE(0, 0), FREE(1, 6) }, "queue 1: CPU 6 is not online" },
        { { FREE(3, 0), FREE(3, 1) }, "queue 3 is named twice" },
        { { FREE(0, 0), TIED(1, 0, 4) }, "tied to entry 4, and the table has 4" },
        { { FREE(0, 0), { 1, 0, 0, 2, 0 } }, "entry 1 of queues: 2 is no kind of memory" },
        { { FREE(0, 0), { 1, 0, 0, 0, 1 } }, "entry 1 of queues: reserved is not 0" },
        { { TIED(0, 0, 1), { 1, 0, 1, VFIOTPH_MEMORY_PERSISTENT, 0 } }, "one kind of memory" },
    };
    struct vfiotph_plan *plan = NULL;
    size_t i;

    for (i = 0; i < COUNT(BAD); i++) {
        struct vfiotph_plan_request request = request_of(4, BAD[i].queues, 2);

        CHECK(vfiotph_plan_new(&request, &plan) == -EINVAL && plan == NULL);
        if (!strstr(vfiotph_last_error(), BAD[i].why))
            failed(__FILE__, __LINE__, BAD[i].why);
    }
}

static inline void requests_that_make_no_sense_are_refused(void)
{
    static const struct vfiotph_queue QUEUES[] = { FREE(0, 0) };
    struct {
        struct vfiotph_plan_request known;
        uint64_t later;
    } newer = { request_of(4, QUEUES, 1), 0 };
    struct vfiotph_plan_request request = newer.known;
    const struct vfiotph_planned_queue *queues;
    const struct vfiotph_entry *entries;
    struct vfiotph_plan *plan = NULL;

    newer.known.size = sizeof(newer);
    DONE(vfiotph_plan_new(&newer.known, &plan));
    REFUSED(vfiotph_plan_entries(plan, NULL), EINVAL, "entries is NULL", NULL);
    REFUSED(vfiotph_plan_queues(plan, NULL), EINVAL, "queues is NULL", NULL);
    vfiotph_plan_free(plan);
    newer.later = 1;
    REFUSED(vfiotph_plan_new(&newer.known, &plan), EINVAL, "does not know yet", "newer");
    CHECK(plan == NULL);
    REFUSED(vfiotph_plan_new(NULL, &plan), EINVAL, "request is NULL", NULL);
    REFUSED(vfiotph_plan_new(&request, NULL), EINVAL, "plan is NULL", NULL);
    request.size = sizeof(request) - 1;
    REFUSED(vfiotph_plan_new(&request, &plan), EINVAL, "request->size is", NULL);
    request = request_of(VFIOTPH_MAX_ENTRIES + 1, QUEUES, 1);
    REFUSED(vfiotph_plan_new(&request, &plan), EINVAL, "no ST table has 2049", "capability");
    request = request_of(4, NULL, 1);
    REFUSED(vfiotph_plan_new(&request, &plan), EINVAL, "queues is NULL", NULL);
    request = request_of(4, QUEUES, SIZE_MAX / 2);
    REFUSED(vfiotph_plan_new(&request, &plan), EINVAL, "do not fit", NULL);
    request = request_of(4, QUEUES, 1);
    request.host = "/nonexistent";
    REFUSED(vfiotph_plan_new(&request, &plan), ENOENT, "/nonexistent does not tell its CPUs", "/sys");
    REFUSED(vfiotph_plan_entries(NULL, &entries), EINVAL, "plan is NULL", NULL);
    REFUSED(vfiotph_plan_queues(NULL, &queues), EINVAL, "plan is NULL", NULL);
    vfiotph_plan_free(NULL);
}

static inline void *read_it(void *plan)
{
    const struct vfiotph_entry *entries;
    int i;

    for (i = 0; i < 1000; i++)
        CHECK(vfiotph_plan_entries((struct vfiotph_plan *)plan, &entries) == 1 &&
              entries[0].cpu == 2);
    return NULL;
}

static inline void threads_read_a_plan_together(void)
{
    static const struct vfiotph_queue QUEUES[] = { FREE(0, 2) };
    struct vfiotph_plan_request request = request_of(4, QUEUES, 1);
    struct vfiotph_plan *plan;
    pthread_t threads[4];
    size_t i;

    DONE(vfiotph_plan_new(&request, &plan));
    for (i = 0; i < COUNT(threads); i++)
        CHECK(pthread_create(&threads[i], NULL, read_it, plan) == 0);
    for (i = 0; i < COUNT(threads); i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    vfiotph_plan_free(plan);
}

static inline void check_plans(void)
{
    make_host();
    queues_share_entries_as_their_cpus_share_caches();
    without_an_entry_a_queue_is_not_steered();
    queues_that_make_no_sense_are_refused();
    requests_that_make_no_sense_are_refused();
    threads_read_a_plan_together();
}

#endif
