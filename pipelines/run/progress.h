/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a run is: one line that changes on a terminal, a line a file elsewhere, events as JSON for other programs. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  L4_PROGRESS_PEOPLE,           /* the line that changes on standard error if that is a terminal; a line a file on standard output if
                                   that is none, or there is no other line */
  L4_PROGRESS_JSON,             /* an event a line on standard output, see below */
  L4_PROGRESS_QUIET             /* only what l4_progress_say() says */
} L4ProgressStyle;

/* What events say, for L4Command's `events`: of all first, then whichever a program has. The members' values are numbers, or strings. */
#define L4_EVENTS_ALL N_("With --json every line of standard output is an object, whose member \"event\" is one of these. Their other members stand in " \
    "brackets; times are nanoseconds of the film. A file whose name is no UTF-8 has U+FFFD for what is none in file, and its bytes in " \
    "file_base64. What goes wrong is a line on standard error, as ever.")
#define L4_EVENT_LOADING N_("loading  # The model is being loaded (percent).")
#define L4_EVENTS_FILM N_("begin  # A film begins (file; from; duration, 0 where it is not known).\n" \
    "window  # What was said of a window (file, start, end, text; with --schema value, with --question answers).\n" \
    "end  # A film ends (file; state: done, failed or stopped; reason, unless it is done; windows).")
#define L4_EVENT_WRITING N_("writing  # A film is being written (file, percent).")
#define L4_EVENT_WRITTEN N_("written  # A file is there (file).")
#define L4_EVENT_PLAN N_("plan  # With --dry-run, a film that would be described (file; from; windows, 0 where their number is not known).")

/* {"event":"begin","file":"/a/b.mp4","from":0,"duration":8000000000} and the like. Used by one thread. */
typedef struct _L4Progress L4Progress;

L4Progress *l4_progress_new (L4ProgressStyle style);
void l4_progress_free (L4Progress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Progress, l4_progress_free)

/* What there is to do in all; bytes as the measure. May change. */
void l4_progress_set_total (L4Progress *self, guint files, guint64 bytes);

void l4_progress_set_loading (L4Progress *self, guint percent);        /* of the model */

/* A film of so many bytes begins at stream time `from`; duration 0: not known. Then its windows come, then its end. */
void l4_progress_begin (L4Progress *self, const char *path, guint64 bytes, guint64 from, guint64 duration);
/* record: JSON, whose "value" and "answers" the event has too. */
void l4_progress_window (L4Progress *self, guint64 start, guint64 end, const char *text, const char *record);

/* state: "done", "failed", "stopped"; reason: why, in one line, which is said too; NULL: none. */
void l4_progress_end (L4Progress *self, const char *state, const char *reason);

/* So much of a file's film was written, of so much of it; duration 0: not known. For what takes long after all was described. */
void l4_progress_write (L4Progress *self, const char *path, guint64 position, guint64 duration);

/* A file of so many bytes that was to be done needs nothing, or ended before it began. */
void l4_progress_pass (L4Progress *self, guint64 bytes);

/* A line on standard error, whatever is in it, beside the one that changes. self NULL: there is none that changes. */
void l4_progress_say (L4Progress *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* In JSON, the event "plan" of a film that would be described: from there, so many windows; 0: not known. */
void l4_progress_plan (L4Progress *self, const char *path, guint64 from, guint windows);

/* Draws the line again if it is time. Call it often. */
void l4_progress_tick (L4Progress *self);

/* The end of all: the line goes away. In JSON, the event "summary" with these n numbers. */
void l4_progress_finish (L4Progress *self, const char *const *names, const guint *numbers, guint n);

/* How many of all there are is done; gone from a terminal when all are. For who does nothing else that takes time. */
void l4_progress_count (L4Progress *self, guint done, guint all);

/* A file that was asked for is complete, under its name. */
void l4_progress_written (L4Progress *self, const char *path);

/* "1:02:03" of nanoseconds. (transfer full) */
char *l4_progress_time (guint64 nanoseconds);

G_END_DECLS
