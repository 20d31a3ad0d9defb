/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said last, to be told to the model with the next window. */

#include "memory.h"

#include "prompt.h"

void
gst_llama4_memory_clear (GstLlama4Memory * self)
{
  g_queue_clear_full (&self->lines, g_free);
}

void
gst_llama4_memory_add (GstLlama4Memory * self, GstClockTime start, GstClockTime end, const char *text)
{
  g_autofree char *from = gst_llama4_prompt_seconds (start), *to = gst_llama4_prompt_seconds (end);

  g_queue_push_tail (&self->lines, g_strdup_printf ("[%s to %s] %s", from, to, text));
  if (self->lines.length > GST_LLAMA4_MEMORY_MOST)
    g_free (g_queue_pop_head (&self->lines));
}

char *
gst_llama4_memory_tell (const GstLlama4Memory * self, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GList *line = self->lines.tail;

  if (n == 0 || line == NULL)
    return NULL;
  for (; n > 1 && line->prev != NULL; n--)
    line = line->prev;
  for (; line != NULL; line = line->next)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", (const char *) line->data);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
