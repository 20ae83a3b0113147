/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How the C tests say what they expect. A test ends at the first thing that is not as it should. */
#ifndef CHECK_H
#define CHECK_H

#include <vfiotph.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define CHECK(condition) \
    do { \
        if (!(condition)) \
            failed(__FILE__, __LINE__, #condition); \
    } while (0)

/* The call succeeds. */
#define DONE(call) CHECK((call) == 0)

/* The call fails with this errno, its text says `why`, and its advice `advice` (NULL: none). */
#define REFUSED(call, error, why, advice) \
    do { \
        int outcome = (call); \
        if (outcome != -(error)) { \
            fprintf(stderr, "it returned %d\n", outcome); \
            failed(__FILE__, __LINE__, #call); \
        } \
        if (!strstr(vfiotph_last_error(), why)) \
            failed(__FILE__, __LINE__, "text: " why); \
        if (!said(vfiotph_last_advice(), advice)) \
            failed(__FILE__, __LINE__, "advice of " #call); \
    } while (0)

static inline int said(const char *text, const char *wanted)
{
    return wanted ? strstr(text, wanted) != NULL : text[0] == '\0';
}

static inline void failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n  error: %s\n  advice: %s\n", file, line, what,
            vfiotph_last_error(), vfiotph_last_advice());
    exit(1);
}

#endif
