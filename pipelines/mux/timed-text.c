/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sample description of timed text. */

#include "mux/timed-text.h"

#include <string.h>

#include <libavcodec/defs.h>
#include <libavutil/mem.h>

#define FONT "Sans-Serif"
#define LINES 18                /* of the picture's height, as high as a letter */
#define BOX 4                   /* of these the text has at the bottom */

static void
put (GByteArray *bytes, guint32 value, guint n)
{
  for (guint i = n; i > 0; i--) {
    guint8 byte = (guint8) (value >> (8 * (i - 1)));

    g_byte_array_append (bytes, &byte, 1);
  }
}

gboolean
l4_timed_text_describe (AVCodecParameters *parameters, int width, int height)
{
  const guint w = (guint) CLAMP (width, 1, G_MAXINT16), h = (guint) CLAMP (height, 1, G_MAXINT16);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  put (bytes, 0, 4);            /* flags: none */
  put (bytes, 1, 1);            /* centred */
  put (bytes, 0xff, 1);         /* at the bottom */
  put (bytes, 0, 4);            /* no colour behind it, which would fill the box: players have their own */
  put (bytes, h - h * BOX / LINES, 2);  /* box: top, left, bottom, right */
  put (bytes, 0, 2);
  put (bytes, h, 2);
  put (bytes, w, 2);
  put (bytes, 0, 4);            /* style: of characters 0 to 0, which is all */
  put (bytes, 1, 2);            /* font */
  put (bytes, 0, 1);            /* upright, regular */
  put (bytes, MIN (h / LINES + 1, G_MAXUINT8), 1);
  put (bytes, 0xffffffff, 4);   /* white */
  put (bytes, 8 + 2 + 2 + 1 + strlen (FONT), 4);        /* fonts */
  g_byte_array_append (bytes, (const guint8 *) "ftab", 4);
  put (bytes, 1, 2);
  put (bytes, 1, 2);
  put (bytes, strlen (FONT), 1);
  g_byte_array_append (bytes, (const guint8 *) FONT, strlen (FONT));

  parameters->width = width;
  parameters->height = height;
  parameters->extradata = av_mallocz (bytes->len + AV_INPUT_BUFFER_PADDING_SIZE);
  if (parameters->extradata == NULL)
    return FALSE;
  memcpy (parameters->extradata, bytes->data, bytes->len);
  parameters->extradata_size = (int) bytes->len;
  return TRUE;
}
