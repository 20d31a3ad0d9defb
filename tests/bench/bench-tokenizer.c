/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long a tokenizer takes to load, and to encode a megabyte of each kind of text: bench-tokenizer MODEL. */

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tokenizer/tokenizer.h"

#define MEGABYTE (1 << 20)
#define REPEATS 3

static const struct
{
  const char *name, *unit;      /* unit is repeated up to a megabyte */
} kinds[] = {
  {"prose", "The quick brown fox jumps over the lazy dog, and nobody at the harbour noticed; it hadn't rained since Tuesday, "
        "so the streets were dusty. \"Why,\" asked Marjorie, \"would anyone paint a lighthouse green in 1987?\"\n\n"},
  {"code", "static int\nread_all (int fd, unsigned char *out, size_t n)\n{\n  for (size_t i = 0; i < n; i++)\n    "
        "if (read (fd, &out[i], 1) != 1)\n      return -EIO;\t/* 0x7f */\n  return 0;\n}\n\n"},
  {"letters a", "a"},
  {"spaces", " "},
  {"emoji", "\360\237\221\251\342\200\215\360\237\221\251\342\200\215\360\237\221\247\342\200\215\360\237\221\246"},
  {"Chinese", "\344\273\212\345\244\251\345\244\251\346\260\224\345\276\210\345\245\275\346\210\221\344\273\254\345\216\273\345\205\254"
        "\345\233\255\346\225\243\346\255\245"},
  {"accents", "a\314\201\314\200\314\210"},
  {"digits", "31415926535897932384626433832795"},
  {"signs", "!?#$%&*+-=@^~|"},
};

static gboolean
measure (const L4Tokenizer *tokenizer, const char *name, const char *unit, GError **error)
{
  g_autoptr (GString) text = g_string_sized_new (MEGABYTE);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  double best = G_MAXDOUBLE;

  while (text->len + strlen (unit) <= MEGABYTE)
    g_string_append (text, unit);
  for (guint i = 0; i < REPEATS; i++) {
    gint64 start = g_get_monotonic_time ();

    g_array_set_size (ids, 0);
    if (!l4_tokenizer_encode (tokenizer, text->str, text->len, ids, error))
      return FALSE;
    best = MIN (best, (g_get_monotonic_time () - start) / 1e6);
  }
  printf ("%-10s %8.3f ms a MiB %8.1f MB/s %9u ids\n", name, best * 1e3, text->len / best / 1e6, ids->len);
  return TRUE;
}

int
main (int argc, char **argv)
{
  const char *path = argc > 1 ? argv[1] : ".";
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  g_autoptr (L4Tokenizer) tokenizer = l4_tokenizer_load (path, &error);
  struct rusage usage;

  if (tokenizer != NULL) {
    getrusage (RUSAGE_SELF, &usage);
    printf ("%s: %u ids, loaded in %.1f ms, peak %.1f MiB\n", path, l4_tokenizer_get_size (tokenizer),
        (g_get_monotonic_time () - start) / 1e3, usage.ru_maxrss / 1024.0);
    for (guint i = 0; error == NULL && i < G_N_ELEMENTS (kinds); i++)
      measure (tokenizer, kinds[i].name, kinds[i].unit, &error);
    getrusage (RUSAGE_SELF, &usage);
    printf ("peak %.1f MiB\n", usage.ru_maxrss / 1024.0);
  }
  if (error == NULL)
    return 0;
  fprintf (stderr, "%s\n", error->message);
  return 1;
}
