/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `llama4 NAME` may be: the commands that it has itself, and the programs beside it. */

#include "command/catalogue.h"

#include <string.h>

#include "base/i18n.h"
#include "config.h"

#define PROGRAM TRUE

static const L4CatalogueEntry videos[] = {
  {"caption", N_("write what happens in a video as captions"), PROGRAM},
  {"overlay", N_("show a video or a camera with what happens in it"), PROGRAM},
  {"watch", N_("watch cameras, and tell what happens by rules"), PROGRAM},
  {NULL}
};

static const L4CatalogueEntry archives[] = {
  {"archive", N_("describe many videos into an index"), PROGRAM},
  {"search", N_("find scenes by their words"), PROGRAM},
  {"ask", N_("answer a question from an index, with its sources"), PROGRAM},
  {"summary", N_("write a video's title, summary and chapters"), PROGRAM},
  {"report", N_("make pages of an index that open in a browser"), PROGRAM},
  {NULL}
};

static const L4CatalogueEntry models[] = {
  {"run", N_("answer a prompt about pictures")},
  {"inspect", N_("say what a model consists of")},
  {"plan", N_("say what a model needs and what this machine makes of it")},
  {"convert", N_("write a model as GGUF files, quantised")},
  {"synth", N_("write a GGUF file of random weights in a model's shape")},
  {"bench", N_("measure speed beside what the machine can do at most")},
  {"tokenize", N_("turn lines of JSON strings into token ids, and back")},
  {"trace", N_("write every stage of one forward pass in float32 as .npy files")},
  {NULL}
};

static const L4CatalogueGroup groups[] = {
  {N_("Videos"), videos},
  {N_("Archives"), archives},
  {N_("Models"), models},
  {NULL}
};

const L4CatalogueGroup *
l4_catalogue (void)
{
  return groups;
}

const L4CatalogueEntry *
l4_catalogue_find (const char *name)
{
  for (const L4CatalogueGroup *group = groups; group->title != NULL; group++)
    for (const L4CatalogueEntry *entry = group->entries; entry->name != NULL; entry++)
      if (strcmp (entry->name, name) == 0)
        return entry;
  return NULL;
}

/* How many letters differ, are missing, too many, or change places with the next; longer words than any name are far from all. */
static guint
distance (const char *a, const char *b)
{
  guint rows[3][32] = { 0 };
  gsize n = strlen (a), m = strlen (b);

  if (n >= G_N_ELEMENTS (rows[0]) || m >= G_N_ELEMENTS (rows[0]))
    return G_MAXUINT;
  for (gsize j = 0; j <= m; j++)
    rows[0][j] = j;
  for (gsize i = 1; i <= n; i++) {
    guint *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];

    row[0] = i;
    for (gsize j = 1; j <= m; j++) {
      row[j] = MIN (MIN (above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = MIN (row[j], second[j - 2] + 1);
    }
  }
  return rows[n % 3][m];
}

const char *
l4_catalogue_nearest (const char *name)
{
  gsize length = strlen (name);
  guint least = MAX (length / 3, 1) + 1;
  const char *nearest = NULL;

  for (const L4CatalogueGroup *group = groups; group->title != NULL; group++)
    for (const L4CatalogueEntry *entry = group->entries; entry->name != NULL; entry++) {
      guint d = length >= 3 && g_str_has_prefix (entry->name, name) ? 0 : distance (name, entry->name);

      if (d < least) {
        least = d;
        nearest = entry->name;
      }
    }
  return nearest;
}

char *
l4_catalogue_program (const char *name)
{
  const char *folder = g_getenv ("LLAMA4_LIBEXEC_DIR");
  g_autofree char *file = g_strconcat ("llama4-", name, NULL);

  return g_build_filename (folder != NULL ? folder : L4_LIBEXEC_DIR, file, NULL);
}
