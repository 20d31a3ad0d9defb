/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text and json pads together: what is said goes to each that exists. */

#pragma once

#include "side.h"

G_BEGIN_DECLS

/* Any thread. */
typedef struct _GstLlama4Output GstLlama4Output;

/* element and the pads are borrowed; element gets the side pads. */
GstLlama4Output *gst_llama4_output_new (GstElement * element, GstPad * sinkpad, GstPad * srcpad);
void gst_llama4_output_free (GstLlama4Output * self);

/* The pad of that template, added to the element; NULL when it exists already. */
GstPad *gst_llama4_output_request (GstLlama4Output * self, GstPadTemplate * template);
void gst_llama4_output_release (GstLlama4Output * self, GstPad * pad);
gboolean gst_llama4_output_is_linked (GstLlama4Output * self);        /* whether anybody is behind any */

/* Combines the flow of a pad with that of the others. */
GstFlowReturn gst_llama4_output_combine (GstLlama4Output * self, GstPad * pad, GstFlowReturn flow);

/* As for each side. (transfer full) */
void gst_llama4_output_start (GstLlama4Output * self, guint generation);
void gst_llama4_output_interrupt (GstLlama4Output * self);
void gst_llama4_output_join (GstLlama4Output * self);
/* As for each side; a TEXT without text says the one before again, where there is any. */
void gst_llama4_output_push (GstLlama4Output * self, GstLlama4Item * item);
void gst_llama4_output_unsay (GstLlama4Output * self);  /* there is none */
void gst_llama4_output_set_ending (GstLlama4Output * self, gboolean ending);
void gst_llama4_output_flush_start (GstLlama4Output * self, GstEvent * event, guint generation);
void gst_llama4_output_flush_stop (GstLlama4Output * self, GstEvent * event);

G_END_DECLS
