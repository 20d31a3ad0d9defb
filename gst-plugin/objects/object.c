/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object on its way to be described with a window, and what came of it. */

#include "objects/object.h"

GstLlama4Object *
gst_llama4_object_new (void)
{
  GstLlama4Object *self = g_new0 (GstLlama4Object, 1);

  g_atomic_ref_count_init (&self->references);
  return self;
}

GstLlama4Object *
gst_llama4_object_ref (GstLlama4Object * self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
gst_llama4_object_unref (GstLlama4Object * self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_clear_pointer (&self->view, gst_llama4_frame_unref);
  l4_answer_clear (&self->answer);
  g_clear_error (&self->error);
  g_free (self);
}

GstLlama4ObjectState
gst_llama4_object_get_state (GstLlama4Object * self)
{
  return g_atomic_int_get (&self->state);
}

void
gst_llama4_object_set_state (GstLlama4Object * self, GstLlama4ObjectState state)
{
  g_atomic_int_set (&self->state, state);
}

L4Object
gst_llama4_object_describe (const GstLlama4Object * self)
{
  return (L4Object) { self->id, self->label, self->confidence, self->box.x, self->box.y, self->box.width, self->box.height, self->time,
    self->since, self->answer.text
  };
}
