/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The format of files of repacked experts. */

#pragma once

#include "stream/stream-private.h"

/* The file, little endian: header; of every expert in the order of layers L4_STREAM_PARTS matrices; their panels, each from a multiple of
 * L4_READER_ALIGNMENT on, in that order. Zeros stand between. */
#define L4_REPACKED_MAGIC "L4exps\r\n"
#define L4_REPACKED_VERSION 1

typedef struct
{
  char magic[8];
  guint32 version;
  guint32 layout;               /* l4_panel_layout() */
  guint64 bytes;                /* of the file */
  guint8 model[32];             /* which files the experts were taken from, and from where in them: l4_repacked_identify() */
  guint32 n_experts;            /* of all layers */
  guint32 table_sum;            /* of the matrices */
  guint32 reserved;             /* 0 */
  guint32 sum;                  /* of all before */
} L4RepackedHeader;

typedef struct
{
  guint32 layer, type;
  gint64 n_rows, n;             /* n_rows 0: is in no file, and all is 0 but layer */
  guint64 offset, bytes;        /* of its panels */
} L4RepackedMatrix;

G_STATIC_ASSERT (sizeof (L4RepackedHeader) == 72 && sizeof (L4RepackedMatrix) == 40);

/* Bytes of the matrices that say where those of n_experts are. */
static inline gsize
l4_repacked_table_bytes (gsize n_experts)
{
  return n_experts * L4_STREAM_PARTS * sizeof (L4RepackedMatrix);
}

/* SHA-256 of size, time and beginning of every file that holds experts, and of where in it each is. */
gboolean l4_repacked_identify (const L4Stream *self, guint8 *model, GError **error);

/* Where the panels of all experts go; *bytes: of the whole file. (transfer full) */
L4RepackedMatrix *l4_repacked_lay_out (const L4Stream *self, guint64 *bytes);

/* The sum of a header. */
guint32 l4_repacked_sum (const L4RepackedHeader *header);
