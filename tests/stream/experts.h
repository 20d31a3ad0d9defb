/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of experts that are read one by one, on a disk that fails when it is told to. */

#pragma once

#include "stream/stream-private.h"
#include "support/folder.h"

#define LAYERS 3
#define EXPERTS 5

/* How long something that must happen may take. */
#define WAIT (60 * G_TIME_SPAN_SECOND)

/* What becomes of reads that reach these bytes of the file. */
typedef enum
{
  RIGHT,
  REFUSED,                      /* EIO */
  ENDS,                         /* as if the file ended there */
  NO_DIRECT,                    /* EINVAL, but only past the system's cache */
  SHORT,                        /* the same, and otherwise few bytes at a time */
  INTERRUPTED,                  /* EINTR once */
  STALLED                       /* until somebody sets `released` */
} Fault;

typedef struct
{
  Fault fault;
  gint64 first, last;           /* bytes of the file */
  gint released, count;         /* count: reads that met the fault; atomic */
} Disk;

extern Disk disk;

typedef struct
{
  Folder *folder;
  char *path;
  guint8 *bytes;
  gsize length, part_bytes;
  int fd;
  L4StreamSource joined;        /* what the parts are read by; read NULL: they lie in the file */
  gint dropped;                 /* bytes that this source was told may leave the system's cache; atomic */
  L4StreamFile other;
  gboolean small_pieces;        /* ten an expert, not two */
  L4Stream *stream;
} Experts;

/* Makes the file, and reads it into so many slots: both, or one after the other. The second part of each expert is missing everywhere:
 * it is somewhere else. */
void experts_start (Experts *self, gsize n_slots);
void experts_fill (Experts *self);
void experts_begin (Experts *self, gsize n_slots);
/* The latter, one after the other: says where they are, and begins to read. */
void experts_add (Experts *self);
void experts_run (const Experts *self, gsize n_slots);
/* Before they are added: a source makes their parts. */
void experts_join (Experts *self);
void experts_clear (Experts *self);

/* Where a part of an expert begins in the file. */
gsize experts_place (const Experts *self, guint layer, guint expert, guint part);

/* The bytes from which faults come: those of one expert. */
void experts_break (const Experts *self, Fault fault, guint layer, guint expert);

/* A step of n tokens that uses those of the layer's experts whose bits are set, each of which must be as in the file; FALSE: it failed. */
gboolean experts_use (const Experts *self, guint layer, guint experts, gint64 n, GCancellable *cancellable, GError **error);
void experts_assert_use (const Experts *self, guint layer, guint experts, gint64 n);

/* The step fails with one error of the disk that says these words. */
void experts_assert_fails (const Experts *self, guint layer, guint experts, const char *words);

/* The next step at the layer will probably use those whose bits are set. */
void experts_guess (const Experts *self, guint layer, guint experts);

L4StreamFigures experts_figures (const Experts *self);

/* Waits until that many experts have been read. */
void experts_wait_for_reads (const Experts *self, guint64 n);
