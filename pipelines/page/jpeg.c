/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether bytes are a picture as a page may have it. */

#include "page/jpeg.h"

#define MOST (1 << 20)          /* bytes; ours have about 8 kB */
#define WIDEST 4096             /* pixels; ours have 240 */

enum
{
  START_OF_FRAME = 0xc0,        /* baseline; then extended and progressive ones, which are all that browsers read */
  LAST_FRAME = 0xc2,
  HUFFMAN = 0xc4,
  START = 0xd8,
  END = 0xd9,
  SCAN = 0xda,
  TABLES = 0xdb,
  RESTARTS = 0xdd,
  FIRST_APPLICATION = 0xe0,
  LAST_APPLICATION = 0xef,
  COMMENT = 0xfe
};

typedef struct
{
  const guint8 *at, *end;
} Bytes;

/* What a picture has before its first scan, beside its frame. */
static gboolean
is_harmless (guint8 marker)
{
  return marker == HUFFMAN || marker == TABLES || marker == RESTARTS || marker == COMMENT
      || (marker >= FIRST_APPLICATION && marker <= LAST_APPLICATION);
}

/* The marker, and the bytes that belong to it. */
static gboolean
read_segment (Bytes *self, guint8 *marker, Bytes *segment)
{
  gsize length;

  if (self->end - self->at < 4 || self->at[0] != 0xff)
    return FALSE;
  *marker = self->at[1];
  length = (gsize) self->at[2] << 8 | self->at[3];
  if (length < 2 || length > (gsize) (self->end - self->at) - 2)
    return FALSE;
  *segment = (Bytes) { self->at + 4, self->at + 2 + length };
  self->at = segment->end;
  return TRUE;
}

/* Eight bits, height, width, one or three colours with three bytes each. */
static gboolean
check_frame (Bytes frame)
{
  const guint8 *at = frame.at;
  guint height, width;

  if (frame.end - at < 6 || at[0] != 8 || (at[5] != 1 && at[5] != 3) || frame.end - at != 6 + 3 * at[5])
    return FALSE;
  height = at[1] << 8 | at[2];
  width = at[3] << 8 | at[4];
  return height > 0 && width > 0 && height <= WIDEST && width <= WIDEST;
}

gboolean
l4_page_is_jpeg (const guint8 *bytes, gsize length)
{
  Bytes self, segment;
  gboolean framed = FALSE;
  guint8 marker;

  if (length < 4 || length > MOST || bytes[0] != 0xff || bytes[1] != START || bytes[length - 2] != 0xff || bytes[length - 1] != END)
    return FALSE;
  self = (Bytes) { bytes + 2, bytes + length };
  while (read_segment (&self, &marker, &segment)) {
    if (marker == SCAN)
      return framed;
    if (marker >= START_OF_FRAME && marker <= LAST_FRAME) {
      if (framed || !check_frame (segment))
        return FALSE;
      framed = TRUE;
    } else if (!is_harmless (marker)) {
      return FALSE;
    }
  }
  return FALSE;
}
