/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in a file its pictures and sound lie, and what only tells of them. */

#include "film/media.h"

#include <string.h>

#include <libavutil/intreadwrite.h>

#define MAX_PIECES (1 << 20)    /* boxes or elements that are looked at in a file */
#define MAX_ALSO 4096           /* bytes of a box that decides how data are shown */
#define TAG_OF(text) AV_RB32 (text)

typedef struct
{
  L4Source *source;
  GArray *ranges;               /* of L4Range */
  GByteArray *also;
  guint n_pieces;
  GError *error;                /* NULL: all is well */
} Search;

/* Up to size bytes from there on; how many there were. */
static gsize
look (Search *self, guint64 offset, gpointer bytes, gsize size)
{
  gsize got = 0;

  memset (bytes, 0, size);
  if (self->error != NULL || offset >= l4_source_get_size (self->source))
    return 0;
  l4_source_read (self->source, offset, bytes, size, &got, &self->error);
  return got;
}

static void
add (Search *self, guint64 offset, guint64 end)
{
  const L4Range range = { offset, MIN (end, l4_source_get_size (self->source)) - offset };

  if (offset < MIN (end, l4_source_get_size (self->source)))
    g_array_append_val (self->ranges, range);
}

static void
add_also (Search *self, guint64 offset, guint64 end)
{
  guint8 bytes[MAX_ALSO];
  gsize got = end > offset ? look (self, offset, bytes, MIN (end - offset, sizeof bytes)) : 0;

  g_byte_array_append (self->also, bytes, got);
}

/* MP4: boxes ------------------------------------------------------------------------------------------------------------------- */

/* The box at offset: where its content begins and where it ends; FALSE: there is none. */
static gboolean
read_box (Search *self, guint64 offset, guint64 end, guint32 *type, guint64 *content, guint64 *box_end)
{
  guint8 head[16];
  gsize got = offset + 8 <= end && self->n_pieces++ < MAX_PIECES ? look (self, offset, head, sizeof head) : 0;
  guint64 size = AV_RB32 (head);
  gboolean wide = size == 1;

  if (got < 8 || (wide && got < 16))
    return FALSE;
  if (wide)
    size = AV_RB64 (head + 8);
  else if (size == 0)           /* to the end */
    size = end - offset;
  if (size < (wide ? 16u : 8u))
    return FALSE;
  *type = AV_RB32 (head + 4);
  *content = offset + (wide ? 16 : 8);
  *box_end = size < end - offset ? offset + size : end;
  return TRUE;
}

/* Edit lists say which part of the data is shown, the last 44 bytes of a track's header how it is turned and how large it is. */
static void
search_boxes (Search *self, guint64 offset, guint64 end, guint depth)
{
  guint64 content, box_end;
  guint32 type;

  for (; read_box (self, offset, end, &type, &content, &box_end); offset = box_end) {
    if (type == TAG_OF ("mdat") && depth == 0)
      add (self, content, box_end);
    else if ((type == TAG_OF ("moov") || type == TAG_OF ("trak") || type == TAG_OF ("edts")) && depth < 3)
      search_boxes (self, content, box_end, depth + 1);
    else if (type == TAG_OF ("elst") && depth == 3)
      add_also (self, content, box_end);
    else if (type == TAG_OF ("tkhd") && depth == 2 && box_end - content > 44)
      add_also (self, box_end - 44, box_end);
  }
}

static gboolean
is_box_file (const guint8 *head)
{
  static const char *const types[] = { "ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot", "sidx" };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (memcmp (head + 4, types[i], 4) == 0)
      return TRUE;
  return FALSE;
}

/* Matroska: elements ----------------------------------------------------------------------------------------------------------- */

/* A number of EBML; its length, 0: it is none. marked: with the bits that tell the length, as IDs are written. */
static guint
read_number (const guint8 *bytes, guint max, gboolean marked, guint64 *number)
{
  guint length = 1;

  while (length <= max && !(bytes[0] & (0x100 >> length)))
    length++;
  if (length > max)
    return 0;
  *number = marked ? bytes[0] : bytes[0] & ((0x100 >> length) - 1);
  for (guint i = 1; i < length; i++)
    *number = *number << 8 | bytes[i];
  return length;
}

/* One whose size is not known, as those of a live stream, lasts to the end. */
static gboolean
read_element (Search *self, guint64 offset, guint64 end, guint64 *id, guint64 *content, guint64 *element_end)
{
  guint8 head[12];
  gsize got = offset < end && self->n_pieces++ < MAX_PIECES ? look (self, offset, head, sizeof head) : 0;
  guint id_length = got == sizeof head ? read_number (head, 4, TRUE, id) : 0, size_length;
  guint64 size = 0;

  size_length = id_length > 0 ? read_number (head + id_length, 8, FALSE, &size) : 0;
  if (size_length == 0)
    return FALSE;
  *content = offset + id_length + size_length;
  *element_end = size == (G_GUINT64_CONSTANT (1) << (7 * size_length)) - 1 || *content > end || size > end - *content ? end
      : *content + size;
  return TRUE;
}

static void
search_elements (Search *self, guint64 offset, guint64 end)
{
  const guint64 segment = 0x18538067, cluster = 0x1f43b675;
  guint64 id, content, element_end;

  for (; read_element (self, offset, end, &id, &content, &element_end); offset = element_end) {
    if (id == segment)
      element_end = content;    /* what it holds follows */
    else if (id == cluster)
      add (self, content, element_end);
  }
}

/* AVI: chunks ------------------------------------------------------------------------------------------------------------------ */

static void
search_chunks (Search *self, guint64 offset, guint64 end)
{
  guint8 head[12];

  while (offset + 12 <= end && self->n_pieces++ < MAX_PIECES && look (self, offset, head, sizeof head) == sizeof head) {
    const guint64 size = AV_RL32 (head + 4);

    if (AV_RB32 (head) == TAG_OF ("RIFF")) {
      offset += 12;
      continue;
    }
    if (AV_RB32 (head) == TAG_OF ("LIST") && AV_RB32 (head + 8) == TAG_OF ("movi"))
      add (self, offset + 12, size > 4 ? offset + 8 + size : end);
    offset += 8 + size + (size & 1);
  }
}

/* ASF: objects ----------------------------------------------------------------------------------------------------------------- */

static const guint8 asf_header[] = { 0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9, 0x00, 0xaa, 0x00, 0x62, 0xce, 0x6c };
static const guint8 asf_data[] = { 0x36, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9, 0x00, 0xaa, 0x00, 0x62, 0xce, 0x6c };

static void
search_objects (Search *self, guint64 offset, guint64 end)
{
  guint8 head[24];

  while (self->n_pieces++ < MAX_PIECES && look (self, offset, head, sizeof head) == sizeof head) {
    const guint64 size = AV_RL64 (head + 16), object_end = size < 24 || size > end - offset ? end : offset + size;

    if (memcmp (head, asf_data, sizeof asf_data) == 0)
      add (self, offset + 24, object_end);
    offset = object_end;
  }
}

/* Others: all of it, without the tags that any file may have -------------------------------------------------------------------- */

static guint64
skip_id3 (const guint8 *head)
{
  if (memcmp (head, "ID3", 3) != 0 || ((head[6] | head[7] | head[8] | head[9]) & 0x80))
    return 0;
  return 10 + ((guint64) head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]) + (head[5] & 0x10 ? 10 : 0);
}

/* Where the tags at the end begin. */
static guint64
find_end (Search *self)
{
  guint64 end = l4_source_get_size (self->source);
  guint8 tail[32];

  if (end > 128 && look (self, end - 128, tail, 3) == 3 && memcmp (tail, "TAG", 3) == 0)
    end -= 128;
  if (end > sizeof tail && look (self, end - sizeof tail, tail, sizeof tail) == sizeof tail && memcmp (tail, "APETAGEX", 8) == 0) {
    const guint64 size = AV_RL32 (tail + 12) + (AV_RL32 (tail + 20) & 0x80000000u ? 32 : 0);

    end -= size >= 32 && size < end ? size : 0;
  }
  return end;
}

GArray *
l4_media_find (L4Source *source, GByteArray *also, GError **error)
{
  Search self = {.source = source,.ranges = g_array_new (FALSE, FALSE, sizeof (L4Range)),.also = also };
  const guint64 size = l4_source_get_size (source);
  guint8 head[16];

  look (&self, 0, head, sizeof head);
  if (is_box_file (head))
    search_boxes (&self, 0, size, 0);
  else if (AV_RB32 (head) == 0x1a45dfa3)
    search_elements (&self, 0, size);
  else if (AV_RB32 (head) == TAG_OF ("RIFF") && AV_RB32 (head + 8) == TAG_OF ("AVI "))
    search_chunks (&self, 0, size);
  else if (memcmp (head, asf_header, sizeof asf_header) == 0)
    search_objects (&self, 0, size);
  if (self.ranges->len == 0)
    add (&self, skip_id3 (head), find_end (&self));
  if (self.ranges->len == 0)    /* nothing but tags */
    add (&self, 0, size);
  if (self.error == NULL)
    return self.ranges;
  g_propagate_error (error, self.error);
  g_array_unref (self.ranges);
  return NULL;
}
