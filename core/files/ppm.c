/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures in binary PPM files. */

#include "files/ppm.h"

#include <string.h>

#include "files/file.h"

#define MAX_FILE (1024 * 1024 * 1024)   /* bytes */
#define MAX_SIDE 65535

/* The decimal number at *at, after white space and comments, which reach from # to the end of the line. */
static gboolean
read_number (const char **at, const char *end, guint *number)
{
  *number = 0;
  while (*at < end && (g_ascii_isspace (**at) || **at == '#')) {
    gboolean comment = **at == '#';

    (*at)++;
    while (comment && *at < end && **at != '\n')
      (*at)++;
  }
  if (*at == end || !g_ascii_isdigit (**at))
    return FALSE;
  for (; *at < end && g_ascii_isdigit (**at); (*at)++) {
    *number = *number * 10 + (guint) g_ascii_digit_value (**at);
    if (*number > MAX_SIDE)
      return FALSE;
  }
  return TRUE;
}

gboolean
l4_ppm_load (const char *path, guint *width, guint *height, guint8 **pixels, GError **error)
{
  gsize length, bytes;
  g_autofree char *text = l4_file_load (path, MAX_FILE, &length, error);
  const char *at = text, *end;
  guint maximum;

  if (text == NULL)
    return FALSE;
  end = text + length;
  if (length < 3 || at[0] != 'P' || at[1] != '6' || !(g_ascii_isspace (at[2]) || at[2] == '#'))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: not a binary PPM file (P6)"), path);
  at += 2;
  if (!read_number (&at, end, width) || !read_number (&at, end, height) || *width == 0 || *height == 0)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: width and height are not from 1 to %d"), path, MAX_SIDE);
  if (!read_number (&at, end, &maximum) || maximum != 255)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: the largest sample value is not 255"), path);
  if (at == end || !g_ascii_isspace (*at))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: no white space after the header"), path);
  at++;
  bytes = (gsize) 3 * *width * *height; /* at most 3 * 65535^2 */
  if ((gsize) (end - at) != bytes)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: %u x %u pixels need %zu bytes, %zu are there"), path, *width, *height,
        bytes, (gsize) (end - at));
  memmove (text, at, bytes);
  *pixels = (guint8 *) g_steal_pointer (&text);
  return TRUE;
}
