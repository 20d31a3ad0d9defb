/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Experts that stay in their file: each is read into one of a fixed number of slots when it is asked for, and the one that is used least
 * leaves for it. */

#pragma once

#include "base/error.h"
#include "base/type.h"
#include "stream/reader.h"

#define L4_STREAM_OTHERS 2

typedef struct
{
  int fd;
  const char *path;
} L4StreamFile;

/* A matrix of an expert as it lies in a file, row by row; it becomes panels as in kernels/panel.h. Strings and fd are borrowed. */
typedef struct
{
  int fd;
  const char *path;
  guint64 offset;               /* bytes before the first row */
  L4Type type;
  gint64 n_rows, n;             /* n: a multiple of the type's block */
  L4StreamSource source;        /* that offset is of, where the rows do not lie in a file like this; read NULL: there is none */
  L4StreamFile others[L4_STREAM_OTHERS];        /* that the source reads as well; path NULL: none */
} L4StreamPart;

#define L4_STREAM_PARTS 3       /* of an expert at most */

/* First experts are added, then it is started, then any thread may take turns. */
typedef struct _L4Stream L4Stream;

/* (transfer full) */
L4Stream *l4_stream_new (void);
void l4_stream_free (L4Stream *self);   /* NULL is fine; no turn is under way */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Stream, l4_stream_free)

/* A layer's experts, of which nothing is known yet; returns the layer's number here. Layers are added in the order in which a step comes to
 * them. */
guint l4_stream_add_layer (L4Stream *self, gint64 n_experts);
/* Of one expert of the layer: parts that are NULL are somewhere else. */
void l4_stream_set_expert (L4Stream *self, guint layer, gint64 expert, const L4StreamPart *const parts[L4_STREAM_PARTS]);

/* Repacked experts -------------------------------------------------------------------------------------------------------- */

typedef void (*L4StreamProgress) (guint64 done, guint64 total, gpointer user_data);

/* Once all experts are added: writes them into a file that l4_stream_use_repacked() takes, in place of one that is there. It appears whole or
 * not at all. threads: 0 for every CPU; progress in bytes, from any thread but one at a time; may be NULL. */
gboolean l4_stream_repack (const L4Stream *self, const char *path, guint threads, L4StreamProgress progress, gpointer user_data, GError **error);
/* Bytes of that file. */
guint64 l4_stream_repacked_bytes (const L4Stream *self);

/* Before it is started: all experts come from that file from now on. FALSE, and nothing has changed: it is no such file, of another model or of
 * this one before it was changed, for another layout in memory, or damaged. Nothing in it is trusted. */
gboolean l4_stream_use_repacked (L4Stream *self, const char *path, GError **error);
/* That file; NULL: there is none. */
const char *l4_stream_repacked (const L4Stream *self);

/* Starting ---------------------------------------------------------------------------------------------------------------- */

/* Bytes that n_slots slots and all else take; what all experts take when each has one. */
guint64 l4_stream_bytes (const L4Stream *self, gsize n_slots);
gsize l4_stream_n_experts (const L4Stream *self);
/* Bytes of all of them in their files. */
guint64 l4_stream_expert_bytes (const L4Stream *self);

/* Fewer slots than this are none: one is computed while the other is read. */
#define L4_STREAM_LEAST_SLOTS 2

/* n_slots: at least L4_STREAM_LEAST_SLOTS; more than there are experts are not made. L4_ERROR_MEMORY */
gboolean l4_stream_start (L4Stream *self, gsize n_slots, GError **error);

/* How many slots there may be from now on, as many as it was started with at most. Waits until there are no more, but not longer than the
 * disk may give nothing: those that are still in use then are freed after that use. Any thread that is not in a turn. */
void l4_stream_allow (L4Stream *self, gsize n_slots);
gsize l4_stream_n_slots (const L4Stream *self);

/* Turns ---------------------------------------------------------------------------------------------------------------- */

/* The use of one layer's experts in one step. One thread. */
typedef struct _L4StreamTurn L4StreamTurn;

/* A step of n tokens will come to the layer: where that many are likely to need all its experts, these are read ahead. */
void l4_stream_foresee (L4Stream *self, guint layer, gint64 n);

/* Whether guesses for a step of n tokens are of use: not where all experts of the layer are read ahead. */
gboolean l4_stream_takes_guesses (const L4Stream *self, guint layer, gint64 n);
/* The next turn at the layer will probably use experts [n_experts]: they are read when nothing is that was asked for. */
void l4_stream_guess (L4Stream *self, guint layer, const gboolean *experts);

/* The router has spoken: of n tokens uses[e] (n_experts of them) chose expert e. Reading begins. (transfer full) */
L4StreamTurn *l4_stream_begin (L4Stream *self, guint layer, const gint64 *uses, gint64 n);

/* Waits for experts of the turn that have come and were not given out yet: ready [n_experts] gets their numbers, *n_ready how many, 0 when
 * all have been given out. They stay until they are released; a caller releases all that it was given before it asks again. FALSE: one cannot
 * be read, or it was cancelled. */
gboolean l4_stream_next (L4StreamTurn *turn, gint64 *ready, gsize *n_ready, GCancellable *cancellable, GError **error);
/* The panels of one that was given out. */
const guint8 *l4_stream_panels (const L4StreamTurn *turn, gint64 expert, guint part);
void l4_stream_release (L4StreamTurn *turn, const gint64 *ready, gsize n_ready);

/* Whatever it still has is released. NULL is fine. */
void l4_stream_end (L4StreamTurn *turn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4StreamTurn, l4_stream_end)

/* How long the disk may give nothing while pieces are asked of it, until that is an error of the turns that wait; a minute at first. */
void l4_stream_set_patience (L4Stream *self, gint64 microseconds);

/* Figures --------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint64 uses;                 /* experts that turns asked for */
  guint64 hits;                 /* that were there by then */
  guint64 foreseen;             /* that were there or on their way because they had been read ahead */
  guint64 guesses, right;       /* experts that were guessed, and that the turn then used */
  guint64 reads, bytes;         /* experts read whole, and bytes of them */
  guint64 waited;               /* microseconds in which turns could do nothing else */
} L4StreamFigures;

void l4_stream_figures (L4Stream *self, L4StreamFigures *figures);

/* What the disk gives for a second and a half when nothing is computed: bytes a second. Of the file of some expert, from there on, while no
 * turn is under way; of any file, from its start on. */
gboolean l4_stream_measure (L4Stream *self, double *bytes_per_second, GError **error);
gboolean l4_stream_measure_file (const char *path, double *bytes_per_second, GError **error);
