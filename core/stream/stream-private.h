/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The insides of L4Stream, for this folder. */

#pragma once

#include "kernels/panel.h"
#include "stream/heat.h"
#include "stream/reader.h"
#include "stream/stream.h"

/* Beyond a part's last panel, so that vectors may be read at its end; as compute/weight.c has it. */
#define L4_STREAM_SLACK 64

typedef enum
{
  L4_STREAM_ABSENT,
  L4_STREAM_QUEUED,             /* in one of the two queues */
  L4_STREAM_READING,            /* in a slot, and in a queue while pieces are left */
  L4_STREAM_READY               /* in a slot */
} L4StreamState;

typedef struct
{
  guint file;
  L4StreamSource source;
  guint64 offset;
  L4Type type;
  gint64 n_rows, n;             /* n_rows 0: no such part */
  gsize row_bytes, panel_bytes;
  gsize repacked;               /* bytes of its panels, which lie at offset; 0: rows do */
  gsize place;                  /* in the slot */
  guint others[L4_STREAM_OTHERS], n_others;     /* further files of the source */
} L4StreamMatrix;

typedef struct
{
  guint layer;
  L4StreamMatrix parts[L4_STREAM_PARTS];
  L4StreamState state;
  gboolean early;               /* foreseen, and not used since */
  gboolean guessed;             /* for the turn that comes next to its layer */
  guint wanted;                 /* turns that asked for it and have not released it */
  gsize slot;                   /* while L4_STREAM_READING or L4_STREAM_READY */
  guint part;                   /* the next piece is from this part, */
  gint64 row;                   /* from this row on, or from this byte of its panels */
  guint pieces;                 /* handed out, and not yet back */
  gboolean dropped;             /* was foreseen wrongly: no more pieces, unless it is wanted after all */
  GError *error;                /* of its first piece that could not be read */
} L4StreamExpert;

typedef struct
{
  gsize first;                  /* of its experts */
  gint64 n_experts;
} L4StreamLayer;

struct _L4Stream
{
  GArray *layers;               /* L4StreamLayer */
  GArray *experts;              /* L4StreamExpert */
  GArray *heat;                 /* [experts] L4Heat */
  gsize slot_bytes, piece_bytes;
  char *repacked;               /* file that all experts come from; NULL: there is none */
  int repacked_fd;
  gsize n_slots, allowed, allocated;    /* at most ever, at most now, and that have memory */
  guint8 **slots;               /* [n_slots]; NULL: has no memory */
  gsize *owners;                /* [n_slots] expert + 1; 0: nobody */
  L4Reader *reader;
  GMutex lock;
  GCond changed;                /* for turns: an expert has come, or failed */
  GCond work;                   /* for readers: there may be a piece */
  GQueue asked, foreseen;       /* of expert + 1, until their last piece is handed out; those foreseen by when they will be needed */
  guint next;                   /* layer to which the next turn will probably come */
  guint swept;                  /* layers that the latest sweep has come through */
  gint64 patience;              /* microseconds */
  GList *turns;                 /* that are under way */
  guint pieces;                 /* handed out, and not yet back */
  gint64 latest;                /* when one of them came, or the first of them was handed out; monotonic time */
  gboolean quit;
  L4StreamFigures figures;
};

struct _L4StreamTurn
{
  L4Stream *stream;
  guint layer;
  gsize first;
  gint64 n_experts;
  gboolean *left;               /* [n_experts] not yet released */
  GError *error;
};

static inline L4StreamExpert *
l4_stream_expert (const L4Stream *self, gsize index)
{
  return &g_array_index (self->experts, L4StreamExpert, index);
}

static inline gsize
l4_stream_n_panels (const L4StreamMatrix *part)
{
  return (gsize) (part->n_rows + L4_PANEL_ROWS - 1) / L4_PANEL_ROWS;
}

/* Rows, as they lie in a file, into panels. */
static inline void
l4_stream_pack (const L4StreamMatrix *part, const guint8 *bytes, gint64 rows, guint8 *panels)
{
  for (; rows > 0; rows -= L4_PANEL_ROWS, bytes += L4_PANEL_ROWS * part->row_bytes, panels += part->panel_bytes)
    l4_panel_pack (part->type, bytes, part->row_bytes, part->row_bytes, (guint) MIN (rows, L4_PANEL_ROWS), panels);
}

static inline guint64
l4_stream_align (guint64 bytes)
{
  return (bytes + L4_READER_ALIGNMENT - 1) / L4_READER_ALIGNMENT * L4_READER_ALIGNMENT;
}

/* Where the memory of a slot begins that the reader may read to. */
static inline guint8 *
l4_stream_slot (const L4Stream *self, gsize slot)
{
  return self->repacked == NULL ? self->slots[slot] : (guint8 *) l4_stream_align ((guintptr) self->slots[slot]);
}

/* Under the lock, all of them. */

/* A slot for the expert, which starts to be read; FALSE: none is free, or may become so. */
gboolean l4_stream_give_slot (L4Stream *self, gsize index);

/* Frees slots that are too many; FALSE: some are still being read or computed. */
gboolean l4_stream_free_slots (L4Stream *self);

/* The expert's reading has ended, well or not. */
void l4_stream_finish (L4Stream *self, L4StreamExpert *expert);

/* Whether it is being read and pieces of it are left to be handed out; the next one, which is whole panels. */
gboolean l4_stream_has_pieces (const L4StreamExpert *expert);
void l4_stream_next_piece (const L4Stream *self, L4StreamExpert *expert, L4Piece *piece);

/* Rows of a part that are read at once: whole panels, at least one. */
gint64 l4_stream_rows_at_once (const L4Stream *self, const L4StreamMatrix *part);

/* Begins an expert anew: its first piece is next. */
void l4_stream_rewind (L4StreamExpert *expert);
