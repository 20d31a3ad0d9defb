/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads pieces of files past the system's cache, several at once, in the order in which they are asked for. */

#pragma once

#include "base/error.h"

/* Bytes of a piece that a disk reads at its full rate. */
#define L4_READER_PIECE (1 << 20)
/* Reads under way at most: what a disk needs to be always busy while the bytes that have come are put where they belong, and
 * threads wait for a processor that others use; sixteen give no more. Of the rate of a disk of 4 GB/s that took 8 to 16 %; past the
 * processor's caches it took 8 to 13, and bytes that were read straight to a new place each time took 5 to 9. */
#define L4_READER_DEPTH 8

/* What reads past the system's cache must begin and end at: the block of a disk, or more. */
#define L4_READER_ALIGNMENT 4096

/* Bytes that are not in a file as they are wanted, read by who knows how. Any thread. */
typedef struct
{
  gboolean (*read) (gconstpointer owner, gconstpointer item, guint64 offset, gsize n_bytes, guint8 *out, GError **error);
  gconstpointer owner, item;    /* borrowed */
  /* Called after it: nobody needs the system to keep those bytes in its cache. NULL: nothing is to be done. Any thread. */
  void (*drop) (gconstpointer owner, gconstpointer item, guint64 offset, gsize n_bytes);
} L4StreamSource;

typedef struct
{
  guint file;                   /* as l4_reader_add_file() numbered it */
  const L4StreamSource *source; /* that offset and bytes are of; NULL: they are of the file */
  guint64 offset;
  gsize bytes;                  /* 1 or more */
  guint8 *to;                   /* where they go, straight from the disk: of a file, to and offset multiples of L4_READER_ALIGNMENT, and room there
                                 * for such a multiple; NULL: they are wanted for the time of arrived() only */
  gpointer owner;               /* whose piece it is, and which: for who asked */
  gint64 index;
} L4Piece;

/* Both are called from the reader's threads, several at once. */
typedef struct
{
  /* The next piece; FALSE: there is none. wait: blocks until there is one, and FALSE ends the thread. */
  gboolean (*take) (gpointer user_data, L4Piece *piece, gboolean wait);
  /* It has come: piece->bytes at bytes, for the time of the call; or what failed. */
  void (*arrived) (gpointer user_data, const L4Piece *piece, const guint8 *bytes, const GError *error);
} L4ReaderClass;

typedef struct _L4Reader L4Reader;

/* Reads nothing yet. (transfer full) */
L4Reader *l4_reader_new (const L4ReaderClass *class, gpointer user_data);
/* Ends the threads: take must return FALSE from now on, and whoever waits in it must have been woken. NULL is fine. */
void l4_reader_free (L4Reader *self);

/* fd and path are borrowed as long as self; the same fd again is the same number. */
guint l4_reader_add_file (L4Reader *self, int fd, const char *path);

guint l4_reader_get_n_files (const L4Reader *self);

/* What was added, and its size then. */
int l4_reader_get_file (const L4Reader *self, guint file, const char **path, guint64 *size);

/* Whether a file is another than when it was added: FALSE with L4_ERROR_IO. Any thread. */
gboolean l4_reader_check_file (L4Reader *self, guint file, GError **error);

/* Begins to ask for pieces of at most piece_bytes, but for those that have a place. L4_ERROR_MEMORY */
gboolean l4_reader_start (L4Reader *self, gsize piece_bytes, GError **error);

/* Bytes that a reader of such pieces takes for itself. */
guint64 l4_reader_bytes (gsize piece_bytes);
