/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index of an archive: videos, runs, and what was said of every window. A SQLite file, or a PostgreSQL database. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Errors are L4_ERROR's, and L4_INDEX_ERROR_TAKEN: one line that names the index. Every function that changes something is one
 * transaction: when it has returned TRUE, neither a kill nor a loss of power undoes it. Used by one thread at a time. */
typedef struct _L4Index L4Index;

typedef enum
{
  L4_INDEX_READ,                /* must be there; a read-only file, and an older version's schema, will do */
  L4_INDEX_WRITE                /* made, or migrated to this version's schema, when need be */
} L4IndexMode;

/* Of one film: another process is describing it, or has taken it over from this one. */
#define L4_INDEX_ERROR (l4_index_error_quark ())
GQuark l4_index_error_quark (void);

typedef enum
{
  L4_INDEX_ERROR_TAKEN
} L4IndexError;

/* where: a path, or postgresql://…. One of a newer version is an error. */
L4Index *l4_index_open (const char *where, L4IndexMode mode, GError **error);
/* Every function waits a minute or so for what another program keeps locked; from now on 2 s: for who is about to end. */
gboolean l4_index_hurry (L4Index *self, GError **error);
void l4_index_close (L4Index *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Index, l4_index_close)

/* Runs ----------------------------------------------------------------------------------------------------------------------- */

/* With what videos were described. Strings are valid UTF-8. */
typedef struct
{
  gint64 id;
  char *model_name, *model_digest, *quantization;
  char *prompt_digest;          /* "sha256:…" over prompt, system prompt and language */
  char *settings;               /* a JSON object, keys sorted: what else changes what is said */
  char *version;                /* of the program */
  gint64 time;                  /* when it was first begun, microseconds since 1970 */
} L4IndexRun;

void l4_index_run_free (L4IndexRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4IndexRun, l4_index_run_free)

/* The run of this model digest, prompt digest, settings and version, added when need be; sets run->id and run->time. */
gboolean l4_index_put_run (L4Index *self, L4IndexRun *run, GError **error);
GPtrArray *l4_index_list_runs (L4Index *self, GError **error);   /* of L4IndexRun, oldest first, without those beside others (transfer full) */

/* The run beside that run in which films that it described are described again, added when need be; find: 0: there is none. What is said of
 * a film in it is not searched, and takes the place of what was said before when the film is settled as DONE, by which it is DONE in that run
 * and untouched in this one. A claim in one of them is a claim in both. */
gboolean l4_index_put_again (L4Index *self, gint64 run, gint64 *again, GError **error);
gboolean l4_index_find_again (L4Index *self, gint64 run, gint64 *again, GError **error);

/* Videos --------------------------------------------------------------------------------------------------------------------- */

/* A film, known by its content. */
typedef struct
{
  gint64 id;
  char *path;                   /* where it was seen last, absolute; bytes as the file system has them. NULL: another film has taken its
                                   place, and searching leaves it out */
  guint64 size;                 /* bytes */
  gint64 mtime;                 /* of the file, nanoseconds since 1970; of a camera's day, when its duration was over */
  char *key;                    /* of the content (film.h); of what is no film too */
  char *container, *codec;      /* NULL: not known; a camera's day has the container "camera" */
  guint width, height;
  guint64 duration;             /* nanoseconds; 0: not known */
} L4IndexVideo;

void l4_index_video_free (L4IndexVideo *video);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4IndexVideo, l4_index_video_free)

/* A time of its windows as people count it: of a camera's day as the clock on the wall does, which is set in some. */
guint64 l4_index_video_clock (const L4IndexVideo *video, guint64 time);

/* NULL without an error: there is none. (transfer full) */
L4IndexVideo *l4_index_find_path (L4Index *self, const char *path, GError **error);
L4IndexVideo *l4_index_find_key (L4Index *self, const char *key, GError **error);

/* Adds the film, or brings the one with the same key up to date (path, size, time; facts unless they are not known now); another film
 * that had this path loses it. Sets the id. */
gboolean l4_index_put_video (L4Index *self, L4IndexVideo *video, GError **error);
GPtrArray *l4_index_list_videos (L4Index *self, GError **error); /* of L4IndexVideo, by path, those without last (transfer full) */
gboolean l4_index_remove_video (L4Index *self, gint64 video, GError **error);    /* with all that was said of it */

/* Progress: a film in a run ------------------------------------------------------------------------------------------------- */

typedef enum
{
  L4_INDEX_UNTOUCHED,
  L4_INDEX_BEGUN,               /* goes on at `next` */
  L4_INDEX_DONE,
  L4_INDEX_FAILED               /* for `reason` */
} L4IndexState;

typedef struct
{
  L4IndexState state;
  char *reason;                 /* one line; NULL: none */
  guint64 next;                 /* stream time at which the next window begins: the end of the last that is there */
  guint64 n_windows;
} L4IndexProgress;

void l4_index_progress_clear (L4IndexProgress *progress);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4IndexProgress, l4_index_progress_clear)

gboolean l4_index_get_progress (L4Index *self, gint64 video, gint64 run, L4IndexProgress *progress, GError **error);

/* Takes the film for this process, so that no other one describes it in this run; FALSE in *taken: another has it. Kept until
 * l4_index_settle() or the process's end; of one that was killed, or is not heard of for a minute, it is taken over. What another process
 * has cannot be changed. Progress is to be asked for afterwards: another may have been at it just before. */
gboolean l4_index_claim (L4Index *self, gint64 video, gint64 run, gboolean *taken, GError **error);

/* DONE, FAILED (with a reason), or BEGUN (given back, to go on another time). Of what was taken over meanwhile and is free again, nothing but
 * DONE is kept: it is as the other left it. */
gboolean l4_index_settle (L4Index *self, gint64 video, gint64 run, L4IndexState state, const char *reason, GError **error);

/* Forgets what the run said of the film, which is untouched then. */
gboolean l4_index_forget (L4Index *self, gint64 video, gint64 run, GError **error);

/* Windows ------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  gint64 id;
  gint64 video, run;
  guint64 start, end;           /* nanoseconds of stream time */
  char *text;                   /* one line of UTF-8 */
  char *record;                 /* the element's JSON record: frames, tokens, times, finish */
  GBytes *thumbnail;            /* JPEG; NULL: none */
} L4IndexWindow;

void l4_index_window_free (L4IndexWindow *window);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4IndexWindow, l4_index_window_free)

/* Commits the window; the film is BEGUN then. Of a film that this process had claimed the claim must be its still. One that begins at
 * the same time is replaced. Text goes through l4_text_to_line() and is composed (NFC); a record (NULL: none) that is no JSON object, or
 * has numbers beyond 2^63, is refused. Sets the id. */
gboolean l4_index_put_window (L4Index *self, L4IndexWindow *window, GError **error);

/* Those of a film, in order; run 0: those that are searched: of the run that described it to its end last, or while there is none of the one that
 * came furthest. Thumbnails only if asked for. (transfer full) */
GPtrArray *l4_index_list_windows (L4Index *self, gint64 video, gint64 run, gboolean thumbnails, GError **error);

/* Bytes of all that was said of a film: sentences, records, thumbnails. */
gboolean l4_index_measure_video (L4Index *self, gint64 video, guint64 *bytes, GError **error);

/* Seconds that describing a window of that run took, on average of the newest; 0: no window says it. */
gboolean l4_index_measure (L4Index *self, gint64 run, double *seconds, GError **error);

/* Files beside films --------------------------------------------------------------------------------------------------------- */

/* Keeps that a file of that content (its SHA-256, in hexadecimal) is written; whether any was. By nothing else, least of all by times, which are
 * those of several clocks, does a program know its own files from those that others made or changed. */
gboolean l4_index_put_written (L4Index *self, const char *digest, GError **error);
gboolean l4_index_has_written (L4Index *self, const char *digest, gboolean *has, GError **error);

/* Search -------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *words;            /* words, "phrases", prefix*, OR, -not */
  const char *file;             /* glob over the path; NULL: all */
  gint64 since, until;          /* of the file's time, or that of a camera's window, nanoseconds since 1970; 0: open */
  guint limit, offset;          /* limit 0: 20 */
  gboolean any;                 /* windows with any of the words, best first, rather than with all of them: for questions */
} L4IndexQuery;

typedef struct
{
  L4IndexVideo *video;
  L4IndexWindow *window;
  char *marked;                 /* the text with U+E000 before and U+E001 behind every hit */
  double score;                 /* more is better; comparable within one search */
} L4IndexHit;

void l4_index_hit_free (L4IndexHit *hit);

/* Hits of what is searched of each film (see l4_index_list_windows()), best first, of L4IndexHit. *nearest (may be NULL): when nothing
 * was hit, the words with each that hits nothing replaced by the nearest one that would; NULL: none. (transfer full) */
GPtrArray *l4_index_search (L4Index *self, const L4IndexQuery *query, char **nearest, GError **error);

G_END_DECLS
