/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of cameras as ONVIF has it: documents of the element tt:MetadataStream, by its streaming and analytics specifications.
 *
 *   tt:Event, a wsnt:NotificationMessage each, by topics (l4: is a name space of this program's own):
 *     tns1:RuleEngine/l4:Condition      a property. Source: VideoSource (the camera's name), Rule; Data: State, and when it changed Sentence
 *     tns1:VideoSource/SignalLoss       a property. Source: Source (the camera's name); Data: State, true while no pictures come
 *     tns1:VideoAnalytics/l4:Description    Source: VideoSource; Data: Sentence, Start, End, with a schema Value (JSON)
 *     tns1:VideoAnalytics/l4:Summary    the same of many windows
 *     tns1:VideoAnalytics/l4:Object     Source: VideoSource; Key: ObjectId; Data: Sentence
 *   tt:VideoAnalytics, a tt:Frame for each time at which objects were seen best: their boxes, classes and likelihoods
 *
 * A property's state is Initialized for who begins to listen, and Changed afterwards. All times are UTC, by the camera's pictures. */

#pragma once

#include "tell/tell.h"

G_BEGIN_DECLS

typedef enum
{
  L4_ONVIF_INITIALIZED,
  L4_ONVIF_CHANGED
} L4OnvifOperation;

/* Each appends elements. time: microseconds since 1970; sentence: NULL: none. Texts may be anything. */
void l4_onvif_add_rule (GString *xml, L4OnvifOperation operation, const char *camera, const char *rule, gboolean on, gint64 time,
    const char *sentence);
void l4_onvif_add_presence (GString *xml, L4OnvifOperation operation, const char *camera, gboolean present, gint64 time);

/* With the objects of its record. */
void l4_onvif_add_said (GString *xml, const L4Said *said);

/* A document is its head, elements, its tail. */
#define L4_ONVIF_HEAD \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
  "<tt:MetadataStream xmlns:tt=\"http://www.onvif.org/ver10/schema\" xmlns:wsnt=\"http://docs.oasis-open.org/wsn/b-2\" " \
  "xmlns:tns1=\"http://www.onvif.org/ver10/topics\" xmlns:l4=\"urn:llama4describe:topics\">\n"
#define L4_ONVIF_TAIL "</tt:MetadataStream>\n"

G_END_DECLS
