/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The elements that a camera's pictures pass through, and that stay when its source is lost:
 *
 *   queue ! clocksync ! detector, if it has one ! llama4describe ! fakesink */

#pragma once

#include "cameras/cameras.h"
#include "run/options.h"

G_BEGIN_DECLS

typedef struct
{
  GstElement *pipeline;
  GstBus *bus;
  GstElement *queue, *sync, *describe;  /* the pipeline's */
} L4Chain;

/* As the options and then the camera say; what cannot be is an error with file, line and key. (transfer full) */
L4Chain *l4_chain_new (const L4DescribeOptions *options, const L4Cameras *cameras, const L4Camera *camera, GError **error);
void l4_chain_free (L4Chain *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Chain, l4_chain_free)

/* Lets the pad of a source in, unless another is there. live: what comes too fast is left out, and nothing waits for the clock. */
void l4_chain_let_in (L4Chain *self, GstPad *pad, gboolean live);
/* Whether the queue lets everything in: who pushes into it never waits then. */
void l4_chain_set_open (L4Chain *self, gboolean open);

G_END_DECLS
