/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the picture of a HEIF file is to be held, which FFmpeg 7 does not say. */

#include "cli/heif.h"

#include <string.h>
#include <unistd.h>

#include "files/file.h"

#define MOST (1u << 20)         /* bytes in which what is said of pictures must lie */

/* Some of the file. */
typedef struct
{
  const guint8 *at;
  gsize left;
} Bytes;

/* The next number of n bytes; 0, and nothing is left, when there are fewer. */
static guint32
take (Bytes *self, guint n)
{
  guint32 number = 0;

  if (n > self->left)
    *self = (Bytes) { self->at, 0 };
  for (; self->left > 0 && n > 0; n--, self->at++, self->left--)
    number = number << 8 | *self->at;
  return number;
}

/* The next box: what is in it. FALSE: none is there whole. */
static gboolean
take_box (Bytes *self, const char **type, Bytes *box)
{
  guint32 size = take (self, 4);

  *type = (const char *) self->at;
  if (size < 8 || size - 4 > self->left)
    return FALSE;
  *box = (Bytes) { self->at + 4, size - 8 };
  self->at += size - 4;
  self->left -= size - 4;
  return TRUE;
}

/* The first box of that type; an empty one when there is none. */
static Bytes
find_box (Bytes in, const char *wanted)
{
  const char *type;
  Bytes box;

  while (take_box (&in, &type, &box))
    if (memcmp (type, wanted, 4) == 0)
      return box;
  return (Bytes) { 0 };
}

/* What then does other as well. */
static void
join (gint32 *m, const gint32 other[4])
{
  gint32 old[] = { m[0], m[1], m[3], m[4] };

  m[0] = other[0] * old[0] + other[2] * old[1];
  m[1] = other[1] * old[0] + other[3] * old[1];
  m[3] = other[0] * old[2] + other[2] * old[3];
  m[4] = other[1] * old[2] + other[3] * old[3];
}

/* The property with that number, from 1 on, if it is a turn or a mirror. */
static gboolean
apply (Bytes properties, guint number, gint32 *matrix)
{
  static const gint32 turns[4][4] = { {1, 0, 0, 1}, {0, -1, 1, 0}, {-1, 0, 0, -1}, {0, 1, -1, 0} };     /* quarters anticlockwise */
  static const gint32 mirrors[2][4] = { {1, 0, 0, -1}, {-1, 0, 0, 1} }; /* top and bottom, left and right */
  const char *type = NULL;
  Bytes box = { 0 };

  for (guint i = 0; i < number; i++)
    if (!take_box (&properties, &type, &box))
      return FALSE;
  if (number == 0 || box.left == 0 || (memcmp (type, "irot", 4) != 0 && memcmp (type, "imir", 4) != 0))
    return FALSE;
  join (matrix, memcmp (type, "irot", 4) == 0 ? turns[*box.at & 3] : mirrors[*box.at & 1]);
  return TRUE;
}

/* The properties of the item, in their order. */
static gboolean
apply_all (Bytes associations, Bytes properties, guint32 item, gint32 *matrix)
{
  guint32 version = take (&associations, 1), flags = take (&associations, 3);
  gboolean is_it = FALSE, any = FALSE;

  for (guint32 n = take (&associations, 4); n > 0 && !is_it && associations.left > 0; n--) {
    is_it = take (&associations, version < 1 ? 2 : 4) == item;
    for (guint32 k = take (&associations, 1); k > 0; k--) {
      guint number = flags & 1 ? take (&associations, 2) & 0x7fff : take (&associations, 1) & 0x7f;

      any = (is_it && apply (properties, number, matrix)) || any;
    }
  }
  return any;
}

/* The item that is the file's picture; 0: none is. */
static guint32
primary_item (Bytes meta)
{
  Bytes box = find_box (meta, "pitm");
  guint32 version = take (&box, 4) >> 24;

  return take (&box, version < 1 ? 2 : 4);
}

gboolean
l4_heif_find_matrix (const char *path, gint32 matrix[static 9])
{
  guint64 size;
  int fd = l4_file_open (path, &size, NULL);
  gsize n = fd >= 0 ? (gsize) MIN (size, MOST) : 0;
  g_autofree guint8 *bytes = g_malloc (n + 1);
  gboolean good = fd >= 0 && l4_file_read (fd, path, 0, bytes, n, NULL);
  Bytes meta, properties;
  guint32 item;

  if (fd >= 0)
    close (fd);
  if (!good)
    return FALSE;
  meta = find_box ((Bytes) { bytes, n }, "meta");
  take (&meta, 4);
  item = primary_item (meta);
  properties = find_box (meta, "iprp");
  memcpy (matrix, (const gint32[9]) { 1, 0, 0, 0, 1 }, 9 * sizeof *matrix);
  return item != 0 && apply_all (find_box (properties, "ipma"), find_box (properties, "ipco"), item, matrix);
}
