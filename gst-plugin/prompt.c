/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model is asked about a window. */

#include "prompt.h"

#include <inttypes.h>
#include <string.h>

char *
gst_llama4_prompt_seconds (GstClockTime time)
{
  guint64 tenths = gst_util_uint64_scale_round (time, 10, GST_SECOND);

  return g_strdup_printf ("%" PRIu64 ".%u s", tenths / 10, (guint) (tenths % 10));
}

static char *
format_timestamps (const GstLlama4Window * window)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < window->frames->len; i++) {
    g_autofree char *seconds = gst_llama4_prompt_seconds (((GstLlama4Frame *) g_ptr_array_index (window->frames, i))->time);

    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", seconds);
  }
  return g_string_free (list, FALSE);
}

/* Every placeholder once, from left to right, so that what one stands for is not searched again. */
static char *
expand (const char *text, const GstLlama4Window * window, const char *schema)
{
  g_autofree char *start = gst_llama4_prompt_seconds (window->start), *end = gst_llama4_prompt_seconds (window->end);
  g_autofree char *timestamps = format_timestamps (window);
  g_autofree char *frames = g_strdup_printf ("%u", window->frames->len);
  const struct
  {
    const char *name;
    const char *value;
  } placeholders[] = { {"{start}", start}, {"{end}", end}, {"{timestamps}", timestamps}, {"{frames}", frames}, {"{schema}", schema != NULL ? schema : ""} };
  GString *result = g_string_new (NULL);

  while (*text != '\0') {
    guint i;

    for (i = 0; i < G_N_ELEMENTS (placeholders) && !g_str_has_prefix (text, placeholders[i].name); i++);
    if (i < G_N_ELEMENTS (placeholders)) {
      g_string_append (result, placeholders[i].value);
      text += strlen (placeholders[i].name);
    } else {
      g_string_append_c (result, *text++);
    }
  }
  return g_string_free (result, FALSE);
}

static void
add_text (GstLlama4Prompt * self, char *text)
{
  const L4Part part = {.text = text };

  g_ptr_array_add (self->strings, text);
  g_array_append_val (self->parts, part);
}

void
gst_llama4_prompt_init (GstLlama4Prompt * self, const GstLlama4Window * window, const char *text, const char *schema,
    const char *language, const char *before)
{
  g_autofree char *question = expand (text, window, schema);

  self->parts = g_array_new (FALSE, FALSE, sizeof (L4Part));
  self->strings = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < window->frames->len; i++) {
    const GstLlama4Frame *frame = g_ptr_array_index (window->frames, i);
    g_autofree char *seconds = gst_llama4_prompt_seconds (frame->time);
    const L4Part part = {.picture = frame->picture };

    add_text (self, g_strdup_printf ("[%s]", seconds));
    g_array_append_val (self->parts, part);
  }
  if (before != NULL)
    add_text (self, g_strdup_printf ("\n%s", before));
  if (language != NULL && *language != '\0')
    add_text (self, g_strdup_printf ("\n%s Answer in %s.", question, language));
  else
    add_text (self, g_strdup_printf ("\n%s", question));
}

void
gst_llama4_prompt_clear (GstLlama4Prompt * self)
{
  g_clear_pointer (&self->parts, g_array_unref);
  g_clear_pointer (&self->strings, g_ptr_array_unref);
}
