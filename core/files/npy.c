/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays in NumPy's .npy files. */

#include "files/npy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/memory.h"
#include "files/file.h"

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6
#define PREFIX_BYTES 12         /* magic, version, and the longer form of the header's length */
#define MAX_HEADER 65536        /* bytes; what version 1 can hold */
#define MAX_SHOWN 20            /* bytes of a type in a message */

static const struct
{
  const char *descr;
  gsize size;
} types[] = {
  [L4_NPY_FLOAT32] = {"'<f4'", 4},[L4_NPY_INT64] = {"'<i8'", 8},[L4_NPY_UINT8] = {"'|u1'", 1},
};

/* The text after key in header, blanks skipped; NULL when it is not there. */
static const char *
after (const char *header, const char *key)
{
  const char *at = strstr (header, key);

  if (at == NULL)
    return NULL;
  for (at += strlen (key); *at == ' '; at++);
  return at;
}

static gboolean
parse_shape (const char *path, const char *at, L4Npy *npy, GError **error)
{
  gsize bytes;

  for (at++; *at != ')'; npy->n_dims++) {
    char *end;

    while (*at == ' ')
      at++;
    if (*at == ')')
      break;
    if (npy->n_dims == L4_NPY_MAX_DIMS || !g_ascii_isdigit (*at))
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: the shape is not one of at most %d numbers"), path, L4_NPY_MAX_DIMS);
    npy->dims[npy->n_dims] = g_ascii_strtoll (at, &end, 10);
    at = *end == ',' ? end + 1 : end;
    if (end[0] != ',' && end[0] != ')')
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: the shape is not a list of numbers"), path);
  }
  if (!l4_checked_product (npy->dims, npy->n_dims, 1, &npy->n_elements)
      || !l4_checked_product (npy->dims, npy->n_dims, types[npy->type].size, &bytes))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the product of the shape is too large"), path);
  return TRUE;
}

static gboolean
parse_header (const char *path, const char *header, L4Npy *npy, GError **error)
{
  const char *descr = after (header, "'descr':"), *order = after (header, "'fortran_order':");
  const char *shape = after (header, "'shape':");
  guint type = 0;

  if (*header != '{' || descr == NULL || order == NULL || shape == NULL || *shape != '(')
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the header lacks descr, fortran_order or shape"), path);
  while (type < G_N_ELEMENTS (types) && !g_str_has_prefix (descr, types[type].descr))
    type++;
  if (type == G_N_ELEMENTS (types)) {
    g_autofree char *raw = g_strndup (descr, MIN (strcspn (descr, ",}"), MAX_SHOWN));
    g_autofree char *shown = g_strescape (raw, NULL);

    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: the type %s is not '<f4', '<i8' or '|u1'"), path, shown);
  }
  if (!g_str_has_prefix (order, "False"))
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: only C order is supported"), path);
  npy->type = type;
  return parse_shape (path, shape, npy, error);
}

/* Reads the prefix and the header; *start: where the data begins. */
static gboolean
read_header (int fd, const char *path, guint64 size, L4Npy *npy, guint64 *start, GError **error)
{
  guint8 prefix[PREFIX_BYTES];
  g_autofree char *header = NULL;
  gsize length;

  if (size < PREFIX_BYTES)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: %" PRIu64 " bytes are too few for an .npy file"), path, size);
  if (!l4_file_read (fd, path, 0, prefix, sizeof prefix, error))
    return FALSE;
  if (memcmp (prefix, MAGIC, MAGIC_BYTES) != 0 || prefix[6] < 1 || prefix[6] > 3)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: not an .npy file of version 1 to 3"), path);
  length = prefix[8] | (gsize) prefix[9] << 8;
  if (prefix[6] > 1)
    length |= (gsize) prefix[10] << 16 | (gsize) prefix[11] << 24;
  *start = prefix[6] > 1 ? 12 : 10;
  if (length > MAX_HEADER || length > size - *start)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: a header of %zu bytes does not fit (file %" PRIu64 ", limit %d)"), path,
        length, size, MAX_HEADER);
  header = g_malloc0 (length + 1);
  if (!l4_file_read (fd, path, *start, header, length, error))
    return FALSE;
  *start += length;
  return parse_header (path, header, npy, error);
}

static gboolean
load (int fd, const char *path, guint64 size, L4Npy *npy, GError **error)
{
  guint64 start = 0;
  gsize bytes;

  if (!read_header (fd, path, size, npy, &start, error))
    return FALSE;
  bytes = npy->n_elements * types[npy->type].size;      /* checked in parse_shape() */
  if (bytes != size - start)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the shape needs %zu bytes, the data has %" PRIu64), path, bytes,
        size - start);
  npy->data = l4_alloc (bytes, path, error);
  return npy->data != NULL && l4_file_read (fd, path, start, npy->data, bytes, error);
}

gboolean
l4_npy_load (const char *path, L4Npy *npy, GError **error)
{
  guint64 size;
  int fd = l4_file_open (path, &size, error);
  gboolean good;

  *npy = (L4Npy) { 0 };
  if (fd < 0)
    return FALSE;
  good = load (fd, path, size, npy, error);
  close (fd);
  if (!good)
    l4_npy_clear (npy);
  return good;
}

void
l4_npy_clear (L4Npy *npy)
{
  l4_free (npy->data);
  *npy = (L4Npy) { 0 };
}

gboolean
l4_npy_save_float (const char *path, const gint64 *dims, guint n_dims, const float *data, GError **error)
{
  g_autoptr (GString) header = g_string_new ("{'descr': '<f4', 'fortran_order': False, 'shape': (");
  gsize n;
  FILE *file;
  gboolean good;

  if (!l4_checked_product (dims, n_dims, 1, &n))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: the product of the shape is too large"), path);
  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (header, "%s%" PRId64, i > 0 ? ", " : "", dims[i]);
  g_string_append (header, n_dims == 1 ? ",), }" : "), }");
  while ((header->len + 11) % 64 != 0)  /* the data is to start at a multiple of 64 */
    g_string_append_c (header, ' ');
  g_string_append_c (header, '\n');
  file = g_fopen (path, "wbe");
  if (file == NULL)
    return l4_fail (error, L4_ERROR_IO, "%s: %s", path, g_strerror (errno));
  good = fwrite (MAGIC "\x01", 1, MAGIC_BYTES + 2, file) == MAGIC_BYTES + 2
      && fputc ((int) (header->len & 255), file) != EOF && fputc ((int) (header->len >> 8), file) != EOF
      && fwrite (header->str, 1, header->len, file) == header->len && fwrite (data, sizeof *data, n, file) == n;
  good = fclose (file) == 0 && good;
  if (good)
    return TRUE;
  l4_fail (error, L4_ERROR_IO, "%s: %s", path, g_strerror (errno));
  if (g_file_test (path, G_FILE_TEST_IS_REGULAR))       /* and no device */
    g_unlink (path);
  return FALSE;
}
