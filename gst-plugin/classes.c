/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said of a window as classes with levels, which every reader of GstAnalytics understands. */

#include "classes.h"

#ifdef L4_HAS_ANALYTICS
#include <gst/analytics/analytics.h>

/* The quark of a name; 0: there are too many. */
static GQuark
get_quark (const char *name)
{
  static GMutex lock;
  static guint n_made;
  GQuark quark;

  g_mutex_lock (&lock);
  quark = g_quark_try_string (name);
  if (quark == 0 && n_made < GST_LLAMA4_MOST_CLASSES) {
    quark = g_quark_from_string (name);
    n_made++;
  }
  g_mutex_unlock (&lock);
  return quark;
}

static void
add (const char *name, double level, gpointer user_data)
{
  GstLlama4Classes *self = user_data;
  GQuark quark = get_quark (name);

  for (guint i = 0; i < self->n; i++)
    if (self->names[i] == quark) {
      self->levels[i] = MAX (self->levels[i], level);
      return;
    }
  if (quark == 0 || self->n == GST_LLAMA4_CLASSES_A_WINDOW)
    return;
  self->names[self->n] = quark;
  self->levels[self->n++] = level;
}

void
gst_llama4_classes_read (GstLlama4Classes * self, const L4Record * record, const char *schema)
{
  self->n = 0;
  for (gsize i = 0; i < record->n_likelihoods; i++) {
    g_autofree char *question = l4_text_to_line (record->likelihoods[i].question, -1);

    add (question, record->likelihoods[i].yes, self);
  }
  l4_answer_get_choices (record->answer, schema, add, self);
}

GstBuffer *
gst_llama4_classes_attach (const GstLlama4Classes * self, GstBuffer * buffer)
{
  GstLlama4Classes copy = *self;        /* the library does not say that it only reads */
  GstAnalyticsRelationMeta *meta;
  GstAnalyticsClsMtd mtd;

  if (self->n == 0)
    return buffer;
  buffer = gst_buffer_make_writable (buffer);
  meta = gst_buffer_get_analytics_relation_meta (buffer);
  if (meta == NULL)
    meta = gst_buffer_add_analytics_relation_meta (buffer);
  if (meta != NULL && gst_analytics_relation_meta_add_cls_mtd (meta, copy.n, copy.levels, copy.names, &mtd)) {
#ifdef L4_HAS_SEMANTIC_TAGS
    gst_analytics_mtd_set_semantic_tag (&mtd, GST_LLAMA4_CLASSES_TAG);
#endif
  }
  return buffer;
}
#else
void
gst_llama4_classes_read (GstLlama4Classes * self, const L4Record * record, const char *schema)
{
  self->n = 0;
}

GstBuffer *
gst_llama4_classes_attach (const GstLlama4Classes * self, GstBuffer * buffer)
{
  return buffer;
}
#endif
