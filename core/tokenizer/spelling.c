/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How JSON and GGUF files spell the bytes of a token: GPT-2's printable character for each. */

#include "tokenizer/tokenizer-private.h"

#define N_CHARACTERS 324        /* the largest is U+0143 */

/* The byte that each character stands for, or -1: printable ones of Latin-1 are themselves, the other bytes follow from U+0100
 * on in their order. */
static const gint16 *
byte_of_character (void)
{
  static gint16 bytes[N_CHARACTERS];
  static gsize ready = 0;

  if (g_once_init_enter (&ready)) {
    guint moved = 256;

    for (guint character = 0; character < N_CHARACTERS; character++)
      bytes[character] = -1;
    for (guint byte = 0; byte < 256; byte++)
      if (byte < 33 || (byte > 126 && byte < 161) || byte == 173)
        bytes[moved++] = (gint16) byte;
      else
        bytes[byte] = (gint16) byte;
    g_once_init_leave (&ready, 1);
  }
  return bytes;
}

gboolean
l4_tokenizer_unspell (const char *spelling, gsize length, guint8 *out, gsize *n_out)
{
  const guint8 *at = (const guint8 *) spelling, *end = at + length;
  const gint16 *bytes = byte_of_character ();

  while (at < end) {
    guint character = *at++;

    if (character >= 0xc0 && character < 0xe0 && at < end)
      character = (character & 0x1f) << 6 | (*at++ & 0x3f);
    else if (character >= 0x80)
      return FALSE;
    if (character >= N_CHARACTERS || bytes[character] < 0 || *n_out == L4_MAX_TOKEN)
      return FALSE;
    out[(*n_out)++] = (guint8) bytes[character];
  }
  return length > 0;
}

void
l4_tokenizer_spell (const guint8 *bytes, gsize length, GString *spelling)
{
  const gint16 *byte_of = byte_of_character ();
  gunichar characters[256];

  for (guint character = 0; character < N_CHARACTERS; character++)
    if (byte_of[character] >= 0)
      characters[byte_of[character]] = character;
  for (gsize i = 0; i < length; i++)
    g_string_append_unichar (spelling, characters[bytes[i]]);
}
