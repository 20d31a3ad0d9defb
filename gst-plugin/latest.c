/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A description as fields: in messages, and the latest one on the buffers that follow it. */

#include "gstllama4describe.h"

#include <string.h>

/* (transfer full) */
static GstStructure *
make_answer (const L4Record * record, gsize i)
{
  const L4Likelihood *likelihood = &record->likelihoods[i];
  g_autofree char *question = l4_text_to_line (likelihood->question, -1);

  return gst_structure_new ("answer", "question", G_TYPE_STRING, question, "yes", G_TYPE_DOUBLE, likelihood->yes, NULL);
}

/* (transfer full) */
static GstStructure *
make_object (const L4Record * record, gsize i)
{
  const L4Object *object = &record->objects[i];
  g_autofree char *label = l4_text_to_line (object->label != NULL ? object->label : "", -1);
  g_autofree char *text = l4_text_to_line (object->text, -1);

  return gst_structure_new ("object", "id", G_TYPE_UINT64, object->id, "label", G_TYPE_STRING, label, "confidence", G_TYPE_DOUBLE,
      object->confidence, "x", G_TYPE_DOUBLE, object->x, "y", G_TYPE_DOUBLE, object->y, "width", G_TYPE_DOUBLE, object->width, "height",
      G_TYPE_DOUBLE, object->height, "time", G_TYPE_UINT64, object->time, "since", G_TYPE_UINT64, object->since, "text", G_TYPE_STRING, text,
      NULL);
}

/* Sets a field to the n structures that `make` makes of the record. */
static void
set_list (GstStructure * structure, const char *field, const L4Record * record, gsize n,
    GstStructure * (*make) (const L4Record * record, gsize i))
{
  GValue list = G_VALUE_INIT;

  g_value_init (&list, GST_TYPE_ARRAY);
  for (gsize i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed (&value, make (record, i));
    gst_value_array_append_and_take_value (&list, &value);
  }
  gst_structure_take_value (structure, field, &list);
}

GstStructure *
gst_llama4_latest_structure (const char *name, const L4Record * record, const char *text, const char *json)
{
  GstStructure *structure = gst_structure_new_empty (name);
  GValue frames = G_VALUE_INIT, frame = G_VALUE_INIT;
  g_autofree char *value = l4_answer_get_value (record->answer);

  g_value_init (&frames, GST_TYPE_ARRAY);
  g_value_init (&frame, G_TYPE_UINT64);
  for (gsize i = 0; i < record->n_frames; i++) {
    g_value_set_uint64 (&frame, record->frames[i]);
    gst_value_array_append_value (&frames, &frame);
  }
  gst_structure_set (structure, "start", G_TYPE_UINT64, record->start, "end", G_TYPE_UINT64, record->end, "text",
      G_TYPE_STRING, text, "json", G_TYPE_STRING, json, NULL);
  gst_structure_take_value (structure, "frames", &frames);
  if (value != NULL)
    gst_structure_set (structure, "value", G_TYPE_STRING, value, NULL);
  if (record->n_likelihoods > 0)
    set_list (structure, "answers", record, record->n_likelihoods, make_answer);
  if (record->n_objects > 0)
    set_list (structure, "objects", record, record->n_objects, make_object);
  g_value_unset (&frame);
  return structure;
}

GstSample *
gst_llama4_latest_picture (const GstLlama4Window * window)
{
  const GstLlama4Frame *frame = g_ptr_array_index (window->frames, window->frames->len / 2);
  const L4Picture *picture = &frame->picture;
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  GstVideoInfo info;
  GstMapInfo map;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, picture->width, picture->height);
  caps = gst_video_info_to_caps (&info);
  buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&info), NULL);
  GST_BUFFER_PTS (buffer) = frame->time;
  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  memset (map.data, 0, map.size);
  for (guint y = 0; y < picture->height; y++)
    memcpy (map.data + y * GST_VIDEO_INFO_PLANE_STRIDE (&info, 0), picture->pixels + y * picture->stride, picture->width * 3);
  gst_buffer_unmap (buffer, &map);
  return gst_sample_new (buffer, caps, NULL, NULL);
}

GstBuffer *
gst_llama4_latest_attach (GstLlama4Describe * self, GstBuffer * buffer)
{
  GstStructure *latest = NULL;
  GstLlama4Classes classes;
  GstCustomMeta *meta;

  GST_OBJECT_LOCK (self);
  if (self->latest != NULL)
    latest = gst_structure_copy (self->latest);
  classes = self->classes;
  GST_OBJECT_UNLOCK (self);
  if (latest == NULL)
    return buffer;
  buffer = gst_buffer_make_writable (buffer);
  meta = gst_buffer_get_custom_meta (buffer, GST_LLAMA4_META);
  if (meta == NULL)
    meta = gst_buffer_add_custom_meta (buffer, GST_LLAMA4_META);
  if (meta != NULL) {
    GstStructure *fields = gst_custom_meta_get_structure (meta);

    gst_structure_remove_all_fields (fields);
    for (gint i = 0, n = gst_structure_n_fields (latest); i < n; i++) {
      const char *name = gst_structure_nth_field_name (latest, i);

      gst_structure_set_value (fields, name, gst_structure_get_value (latest, name));
    }
  }
  gst_structure_free (latest);
  return gst_llama4_classes_attach (&classes, buffer);
}
